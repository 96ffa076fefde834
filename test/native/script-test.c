/* script.c: a new file, never what is there; a memfd that stays as it is. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../native/helper.h"
#include "check.h"

static const char TEXT[] = "echo one\necho two\n";

static struct request make_request(uint32_t flags, const char *name)
{
    return (struct request){
        .header = {.flags = flags, .script_size = sizeof TEXT - 1, .script_uid = getuid(), .script_gid = getgid()},
        .script_name = name,
        .script = TEXT,
        .script_fd = -1,
    };
}

static void check_content(int fd)
{
    char text[sizeof TEXT];
    CHECK(pread(fd, text, sizeof text, 0) == (ssize_t)sizeof TEXT - 1 && memcmp(text, TEXT, sizeof TEXT - 1) == 0);
}

static void places_a_file(void)
{
    struct request request = make_request(REQUEST_SCRIPT_FILE, "script.sh");
    struct stat stat;
    umask(0777);
    CHECK(place_script(&request) == 0);
    CHECK(fstatat(FD_SCRIPT_DIR, "script.sh", &stat, 0) == 0 && (stat.st_mode & 07777) == 0700);
    int fd = openat(FD_SCRIPT_DIR, "script.sh", O_RDONLY);
    check_content(fd);
    close(fd);
    CHECK(remove_script(&request) == 0 && remove_script(&request) == 0);
    CHECK(fstatat(FD_SCRIPT_DIR, "script.sh", &stat, 0) < 0 && errno == ENOENT);
}

static void touches_nothing_that_is_there(void)
{
    CHECK(symlinkat("victim", FD_SCRIPT_DIR, "link") == 0);
    struct request request = make_request(REQUEST_SCRIPT_FILE, "link");
    struct stat stat;
    CHECK(place_script(&request) == -EEXIST); /* nor does it make what a dangling link leads to */
    CHECK(fstatat(FD_SCRIPT_DIR, "victim", &stat, 0) < 0);
    CHECK(remove_script(&request) == 0);
    CHECK(fstatat(FD_SCRIPT_DIR, "link", &stat, AT_SYMLINK_NOFOLLOW) == 0);
    CHECK(unlinkat(FD_SCRIPT_DIR, "link", 0) == 0);
    request = make_request(REQUEST_SCRIPT_FILE, "no/such/directory");
    CHECK(place_script(&request) == -ENOENT && remove_script(&request) == 0);
}

static void seals_a_memfd(void)
{
    struct request request = make_request(REQUEST_SCRIPT_MEMFD, "");
    CHECK(place_script(&request) == 0 && request.script_fd >= 0);
    check_content(request.script_fd);
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", request.script_fd);
    int fd = open(path, O_RDWR);
    CHECK(fd < 0 || (write(fd, "x", 1) < 0 && errno == EPERM));
    CHECK(ftruncate(request.script_fd, 0) < 0 && errno == EPERM);
    CHECK(fcntl(request.script_fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EPERM);
    CHECK(remove_script(&request) == 0);
    close(fd);
    close(request.script_fd);
}

static void bears_an_empty_one(void)
{
    struct request request = make_request(REQUEST_SCRIPT_MEMFD, "");
    request.header.script_size = 0;
    CHECK(place_script(&request) == 0);
    close(request.script_fd);
    request = make_request(0, "");
    CHECK(place_script(&request) == 0 && request.script_fd == -1);
}

int main(void)
{
    prepare_checks();
    char directory[] = "/tmp/k8s-executor-script-XXXXXX";
    CHECK(mkdtemp(directory) != NULL);
    int fd = open(directory, O_RDONLY | O_DIRECTORY);
    CHECK(dup2(fd, FD_SCRIPT_DIR) == FD_SCRIPT_DIR);
    places_a_file();
    touches_nothing_that_is_there();
    seals_a_memfd();
    bears_an_empty_one();
    CHECK(rmdir(directory) == 0); /* nothing was left in it */
    return 0;
}
