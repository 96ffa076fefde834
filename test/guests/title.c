/* Usage: title pad|partial LENGTH [ARGUMENT...]. Writes a title of that length over its arguments and its environment, as setproctitle(3) does,
 * says "ready" and waits. pad: the rest of both is set to NUL, as nginx and postgres do; partial: it is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    int pads = strcmp(argv[1], "pad") == 0;
    size_t length = (size_t)atoi(argv[2]);
    char *begin = argv[0];
    char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
    for (char **variable = environ; *variable; variable++)
        end = *variable + strlen(*variable) + 1;
    size_t room = (size_t)(end - begin);
    if (pads)
        memset(begin, 0, room);
    if (length >= room)
        return 64;
    memset(begin, 't', length);
    begin[length] = '\0';
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
