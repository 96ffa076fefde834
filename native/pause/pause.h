/* pause: what a container runs that only waits for steps. It tells its container's name by its command line. */
#ifndef K8S_EXECUTOR_PAUSE_H
#define K8S_EXECUTOR_PAUSE_H

#include <stdbool.h>

/* name.c: 1 to 63 letters, digits, '_', '.' and '-', the first one a letter or digit. */
bool is_container_name(const char *text);

/* A variable of ours. */
struct variable {
    const char *name;
    const char *value;
};
/* The first of those that name a container, unless it is empty; without a value where there is none. */
struct variable naming_variable(char *const *environment);

/* complain.c: one line on stderr. The value was given to us: what is not printable in it does not reach a terminal. */
void complain(const char *problem, const char *value, const char *remedy);

/* wait.c: takes each child that has ended, until a signal asks us to end. Blocks all signals, for good.
 * hold_signals() comes first. They answer 0 or -errno. */
int hold_signals(void);
int wait_for_the_end(void);

#endif
