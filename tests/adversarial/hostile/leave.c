// Leaves in the current folder what trips whoever looks through it, packs it or removes it; static, as probe.c.
// usage: leave KIND...; fails where the sandbox does not let it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NEED(call) if ((call) < 0) { perror(#call); exit(1); }

static void file(const char *name, int mode) {
    int made = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
    NEED(made);
    NEED(write(made, "evil\n", 5));
    NEED(fchmod(made, mode));
    close(made);
}

static void unix_socket(void) {
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "socket"};
    NEED(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&at, sizeof at));
}

static void deep(void) {
    for (int level = 0; level < 1000; level++) {  // the longest path has some 800
        NEED(mkdir("deep", 0700));
        NEED(chdir("deep"));
    }
    file("bottom", 0644);
}

static void names(void) {
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = 0;
    file(longest, 0644);
    file("new\nline", 0644);
    file("not-utf8-\xff\xfe", 0644);
    file("escape-\x1b[31m", 0644);
    file("-rf", 0644);
    file(" ", 0644);
    file("..evil", 0644);
    NEED(mkdir("*", 0755));
}

static void closed(void) {
    file("nobody-may-read", 0);
    NEED(mkdir("nobody-may-enter", 0700));
    NEED(chdir("nobody-may-enter"));
    file("inside", 0);
    NEED(mkdir("deeper", 0));
    NEED(chdir(".."));
    NEED(chmod("nobody-may-enter", 0));
}

static void unlinked(void) {  // files without a name, each as large as a file may be
    static char piece[1 << 20];
    memset(piece, 'x', sizeof piece);
    for (int number = 0; number < 1000; number++) {
        int made = open("unlinked", O_CREAT | O_EXCL | O_WRONLY, 0600);
        NEED(made);
        NEED(unlink("unlinked"));
        for (int part = 0; part < 8; part++) NEED(write(made, piece, sizeof piece));
    }
}

static void small(void) {
    char name[32];
    for (int number = 0; number < 1000000; number++) {
        if (number % 1000 == 0) {
            snprintf(name, sizeof name, "../small-%d", number / 1000);
            NEED(mkdir(name + (number ? 0 : 3), 0755));
            NEED(chdir(name + (number ? 0 : 3)));
        }
        snprintf(name, sizeof name, "%d", number);
        int made = open(name, O_CREAT | O_WRONLY, 0644);
        NEED(made);
        close(made);
    }
}

static void attributes(void) {
    file("attributed", 0644);
    setxattr("attributed", "user.evil", "x", 1, 0);
    NEED(mkdir("opaque", 0755));
    setxattr("opaque", "user.overlay.opaque", "y", 1, 0);
    setxattr("opaque", "user.overlay.redirect", "/etc", 4, 0);
    setxattr("opaque", "trusted.overlay.opaque", "y", 1, 0);
}

static void sparse(void) {
    int made = open("sparse", O_CREAT | O_WRONLY, 0644);
    NEED(made);
    NEED(ftruncate(made, 1L << 40));
}

static void descriptors(void) { while (open("/dev/null", O_RDONLY) >= 0); }

static void forks(void) {
    signal(SIGCHLD, SIG_IGN);
    for (int number = 0; number < 10000; number++)
        if (!fork()) for (;;) pause();
    for (;;) pause();
}

static void bomb(void) { for (;;) if (fork() < 0) usleep(100); }

static void eat(void) {
    for (;;) {
        char *piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) exit(1);
        memset(piece, 'x', 1 << 20);
    }
}

static void share(void) {  // memory that belongs to no process: files in memory, and pieces of shared memory
    static char piece[1 << 20];
    memset(piece, 'x', sizeof piece);
    int made = memfd_create("evil", 0);
    for (;;) NEED(write(made, piece, sizeof piece));
}

static void daemonized(void) {  // two forks and a session of its own, our output still open
    if (fork()) return;
    setsid();
    if (fork()) _exit(0);
    for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
    for (;;) pause();
}

static void stopped(void) { kill(getppid(), SIGSTOP); kill(0, SIGSTOP); }

static const struct { const char *name; void (*act)(void); } kinds[] = {
    {"socket", unix_socket}, {"deep", deep}, {"names", names}, {"closed", closed}, {"unlinked", unlinked}, {"small", small},
    {"attributes", attributes}, {"sparse", sparse}, {"descriptors", descriptors}, {"forks", forks}, {"bomb", bomb}, {"eat", eat}, {"share", share},
    {"daemon", daemonized}, {"stopped", stopped},
};

int main(int count, char **words) {
    for (int w = 1; w < count; w++)
        for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++)
            if (!strcmp(words[w], kinds[n].name)) kinds[n].act();
    return 0;
}
