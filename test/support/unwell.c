/* In place of the helper: does not run as it should. -DHOW=SIGKILL or SIGSTOP: that comes to it, as from a hostile container; 0: it
 * ends with a status of its own. */
#include <signal.h>

int main(void)
{
    return HOW == 0 || raise(HOW) != 0 ? 3 : 0;
}
