#include "pause.h"

#include <stddef.h>

enum { LONGEST = 63 };

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_container_name(const char *text)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        char c = text[length];
        bool inside = length > 0 && (c == '_' || c == '.' || c == '-');
        if (length == LONGEST || !(is_letter_or_digit(c) || inside))
            return false;
    }
    return length > 0;
}

/* What follows the '=' of an entry with this name; NULL for another's. */
static const char *value_of(const char *entry, const char *name)
{
    while (*name != '\0' && *entry == *name)
        entry++, name++;
    return *name == '\0' && *entry == '=' ? entry + 1 : NULL;
}

struct variable naming_variable(char *const *environment)
{
    static const char names[][sizeof "K8S_EXECUTOR_CONTAINER"] = {"K8S_EXECUTOR_CONTAINER", "GO_K8S_CONTAINER_NAME"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (char *const *entry = environment; *entry; entry++) {
            const char *value = value_of(*entry, names[i]);
            if (value && *value != '\0')
                return (struct variable){names[i], value};
        }
    return (struct variable){NULL, NULL};
}
