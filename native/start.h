/* start.c: what the kernel's entry point leads to, and what the compiler calls by itself. */
#ifndef K8S_EXECUTOR_START_H
#define K8S_EXECUTOR_START_H

#include <stddef.h>

/* Of each program one. As in libc, the environment is behind argv's NULL. Answers the exit status. */
int program_main(int argc, char **argv);

void *memcpy(void *restrict to, const void *restrict from, size_t length);

#endif
