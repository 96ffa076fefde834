#include "pause.h"

#include <stddef.h>

#include "../syscall.h"

enum { ROOM = 512, MOST_OF_VALUE = 80 };

struct line {
    char text[ROOM];
    size_t length;
};

static void append(struct line *line, const char *text, size_t most)
{
    for (size_t i = 0; text[i] != '\0' && i < most && line->length < ROOM - 1; i++)
        line->text[line->length++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
}

void complain(const char *problem, const char *value, const char *remedy)
{
    struct line line = {.length = 0};
    append(&line, "pause: ", ROOM);
    append(&line, problem, ROOM);
    append(&line, " \"", ROOM);
    append(&line, value, MOST_OF_VALUE);
    append(&line, "\" ", ROOM);
    append(&line, remedy, ROOM);
    line.text[line.length++] = '\n';
    /* In one piece, or not at all: nobody may be reading, and that is no reason not to wait. */
    long written = SYSCALL(write, 2, line.text, line.length);
    (void)written;
}
