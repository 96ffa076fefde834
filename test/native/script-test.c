/* script.c: a new file, never what is there; a memfd that stays as it is. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../native/step/step.h"
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

static void knows_what_is_its_own(void)
{
    static const char name[] = "0190a5e0-1234-7000-8000-00000000002a.sh";
    static const char *const others[] = {"", "script.sh", "0190a5e0-1234-7000-8000-00000000002a.sh~",
                                         "0190A5E0-1234-7000-8000-00000000002A.sh",
                                         "0190a5e0-1234-4000-8000-00000000002a.sh", "0190a5e0-1234-7000-8000-00000000002g.sh"};
    struct timespec mark;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!owner_mark(others[i], &mark));
    CHECK(owner_mark(name, &mark) && mark.tv_sec == 0x0190a5e01234 / 1000);
    CHECK(mark.tv_nsec == 0x0190a5e01234 % 1000 * 1000000 + 0x2a);

    struct request request = make_request(REQUEST_SCRIPT_FILE, name);
    struct stat stat;
    CHECK(place_script(&request) == 0 && recover_scripts() == 0);
    CHECK(fstatat(FD_SCRIPT_DIR, name, &stat, 0) == 0); /* we are still there, and hold its lock */
    CHECK(stat.st_mtim.tv_sec == mark.tv_sec && stat.st_mtim.tv_nsec == mark.tv_nsec);
    CHECK(remove_script(&request) == 0);
    /* The same without a lock. */
    int fd = openat(FD_SCRIPT_DIR, name, O_CREAT | O_WRONLY, 0700);
    const struct timespec times[2] = {mark, mark};
    CHECK(fd >= 0 && recover_scripts() == 0 && fstatat(FD_SCRIPT_DIR, name, &stat, 0) == 0);
    CHECK(futimens(fd, times) == 0 && close(fd) == 0 && recover_scripts() == 0);
    CHECK(fstatat(FD_SCRIPT_DIR, name, &stat, 0) < 0 && errno == ENOENT);
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
    knows_what_is_its_own();
    CHECK(rmdir(directory) == 0); /* nothing was left in it */
    return 0;
}
