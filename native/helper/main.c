/* The helper program: outside the container, for all steps of a connection. */
#include "../step/step.h"

#include <fcntl.h>
#include <signal.h>

#include "../resident/resident.h"
#include "../syscall.h"

/* Modes, by the first character of the first argument. The second says whether to recover, the third where to listen. */
enum mode {
    MODE_SERVE = 's',   /* be a resident */
    MODE_TRIAL = 'v',   /* say whether we would do */
    MODE_COPY = 'c',    /* go on from a sealed copy of ourselves, in the mode of the next argument */
};

/* For a caller that cannot see to it itself: every number below FD_FREE is taken, and nothing above it. */
static int take_places(void)
{
    int result = close_from(FD_FREE);
    for (int fd = 0; result == 0 && fd < FD_FREE; fd++)
        if (SYSCALL(fcntl, fd, F_GETFD, 0) < 0)
            result = SYSCALL(dup3, FD_TARGET, fd, O_CLOEXEC) < 0 ? HELPER_FAILED : 0;
    return result;
}

int program_main(int argc, char **argv)
{
    uint64_t all = ~0ull;
    long result = SYSCALL(rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof all);
    char mode = argc > 1 ? argv[1][0] : '\0';
    if (mode == MODE_COPY) {
        argv[1] = (char *)(uintptr_t) "k8s-executor-helper"; /* what ps(1) shows, as for one started natively */
        if (result == 0)
            result = run_from_sealed_copy(argv + 1);
        mode = argc > 2 ? argv[2][0] : '\0';
    }
    if (mode == MODE_TRIAL && report_trial(result == 0))
        return 0;
    if (result == 0 && mode == MODE_SERVE)
        result = take_places();
    if (result == 0 && mode == MODE_SERVE)
        return serve_steps(argc > 2 && argv[2][0] == 'r', argc > 3 ? argv[3] : NULL);
    struct record record = {
        .kind = mode == MODE_SERVE ? RECORD_READY : RECORD_ENDED, .stage = STAGE_REQUEST, .error = (int32_t)-result};
    SYSCALL(write, FD_STATUS, &record, sizeof record);
    return HELPER_FAILED;
}
