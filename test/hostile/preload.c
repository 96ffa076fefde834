/* A library that the guest has loaded into every program that it can: notes what it could do there. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void note(void)
{
    char text[16384];
    char lines[1024] = "";
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "Name:", 5) == 0 || strncmp(line, "CapEff:", 7) == 0 || strncmp(line, "CapBnd:", 7) == 0 ||
            strncmp(line, "CapPrm:", 7) == 0)
            snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "%s ", line);
    strcat(lines, "\n");
    int log = open(LOG, O_WRONLY | O_APPEND | O_CREAT, 0666);
    if (write(log, lines, strlen(lines)) < 0)
        _exit(99);
    close(log);
}
