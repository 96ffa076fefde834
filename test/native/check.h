/* Checks for the tests of our C. They are hosted programs, and native/start.c is left out. */
#ifndef K8S_EXECUTOR_TEST_CHECK_H
#define K8S_EXECUTOR_TEST_CHECK_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Above all that the code under test closes: 0 to 2 are the helper's to give away. */
enum { REPORT = 200 };

#define CHECK(condition)                                                                             \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            dprintf(REPORT, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                \
            _exit(1);                                                                                \
        }                                                                                            \
    } while (0)

/* First of all in main(). */
static inline void prepare_checks(void)
{
    if (dup2(2, REPORT) != REPORT)
        abort();
}

/* Memory of just this size, so that a read past its end is reported. */
static inline void *exactly(size_t length)
{
    void *memory = malloc(length > 0 ? length : 1);
    if (!memory)
        abort();
    return memory;
}

#endif
