/* The main process of a container that only waits for steps: see ../../README.md, In a Pod. */
#include "pause.h"

#include <stddef.h>
#include <stdint.h>

#include "../start.h"
#include "../syscall.h"

enum { FAILED = 1, BAD_USAGE = 2 };

#define WHAT_A_NAME_IS "give 1 to 63 letters, digits, '_', '.' or '-', the first one a letter or digit"

#define REFUSED "is refused; allow it in the container's seccomp profile"

/* The name moves to where everybody in the Pod can read it, and where it ends with us: the command line. Comes back where
 * it could not. The environment stays: steps are given it. */
static void start_anew(char *program, const char *name, char **environment)
{
    char *argv[] = {program, (char *)(uintptr_t)name, NULL};
    SYSCALL(execve, "/proc/self/exe", argv, environment);
    complain("cannot record the name", name, "for /proc/self/exe cannot be executed; mount /proc");
}

static void take_name_from(char *program, char **environment)
{
    struct variable variable = naming_variable(environment);
    if (!variable.value)
        return;
    if (is_container_name(variable.value)) {
        start_anew(program, variable.value, environment);
    } else {
        /* The build needs no name, so it shall not fail for one. */
        complain(variable.name, variable.value, "is no name of a container and not recorded; " WHAT_A_NAME_IS);
    }
}

int program_main(int argc, char **argv)
{
    if (argc > 2) {
        complain("the argument", argv[2], "is one too many; give the container's name alone");
        return BAD_USAGE;
    }
    if (argc == 2 && !is_container_name(argv[1])) {
        complain("the argument", argv[1], "is no name of a container; " WHAT_A_NAME_IS);
        return BAD_USAGE;
    }
    /* Before the name: a signal that comes while we start anew stays pending. */
    if (hold_signals() < 0) {
        complain("the system call", "rt_sigprocmask", REFUSED);
        return FAILED;
    }
    if (argc < 2)
        take_name_from(argc == 1 ? argv[0] : (char *)(uintptr_t) "pause", argv + argc + 1);
    if (wait_for_the_end() < 0) {
        complain("the system call", "rt_sigtimedwait", REFUSED);
        return FAILED;
    }
    return 0;
}
