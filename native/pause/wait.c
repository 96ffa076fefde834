#include "pause.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include "../syscall.h"

static const uint64_t ALL_SIGNALS = ~0ull;

/* As PID 1 we would never get a signal that we neither block nor handle; and no image knows which one its runtime sends to
 * stop it. */
int hold_signals(void)
{
    return (int)SYSCALL(rt_sigprocmask, SIG_BLOCK, &ALL_SIGNALS, NULL, sizeof ALL_SIGNALS);
}

/* Several may have ended for one signal. */
static void reap(void)
{
    while (SYSCALL(wait4, -1, NULL, WNOHANG, NULL) > 0)
        ;
}

/* All but those that by default end nobody. Nor shall a terminal stop us, for then we could not end either; and that nobody
 * reads our stderr is no reason. */
static bool asks_to_end(long signal)
{
    static const unsigned char others[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE};
    for (size_t i = 0; i < sizeof others; i++)
        if (signal == others[i])
            return false;
    return true;
}

int wait_for_the_end(void)
{
    for (;;) {
        /* First of all: children that ended before we blocked their signal were not announced. */
        reap();
        long signal = SYSCALL(rt_sigtimedwait, &ALL_SIGNALS, NULL, NULL, sizeof ALL_SIGNALS);
        if (signal < 0 && signal != -EINTR)
            return (int)signal;
        if (signal > 0 && asks_to_end(signal))
            return 0;
    }
}
