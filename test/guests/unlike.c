/* Gives itself what no other program of these tests' does, and runs another with it: unlike PROGRAM [ARGUMENT...] */
#include <fcntl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    if (argc < 2 || filter < 0 || write(filter, "7", 1) != 1 || prctl(PR_SET_TIMERSLACK, 77000, 0, 0, 0) != 0 ||
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0 || personality(ADDR_NO_RANDOMIZE) < 0)
        return 125;
    execvp(argv[1], argv + 1);
    return 125;
}
