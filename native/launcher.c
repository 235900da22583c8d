/* berth-launcher SOCKET: forks a shim for every connection. It does nothing else, so that it never
 * grows, and every shim shares its memory. It ends with its standard input.
 * berth-launcher --attached FD: is one shim, on a connection that its caller made.
 * /pause: the same program as the process that holds a pod's namespaces, in a folder where nothing else is. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "shim.h"

/* A socket that is bound or connected to `path`. One that is too long for an address is reached through its folder. */
static int open_socket(const char *path, int (*call)(int, const struct sockaddr *, socklen_t)) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = strrchr(path, '/');
    AUTO_FD folder = -1;
    if (strlen(path) >= sizeof address.sun_path && name != NULL) {
        char *parent = strndup(path, (size_t)(name - path));
        folder = parent != NULL ? check(open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC)) : -ENOMEM;
        free(parent);
        if (folder < 0) return folder;
        strcpy(print_number(stpcpy(address.sun_path, "/proc/self/fd/"), (uint64_t)folder, 1), "");
        path = name;
    }
    if (strlen(address.sun_path) + strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcat(address.sun_path, path);
    AUTO_FD made = check(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (made < 0) return made;
    int error = check(call(made, (struct sockaddr *)&address, sizeof address));
    return error < 0 ? error : take(&made);
}

/* Also how each shim listens. */
int listen_on(const char *path) {
    mode_t before = umask(0177);
    AUTO_FD listener = open_socket(path, bind);
    umask(before);
    int error = listener < 0 ? listener : check(listen(listener, 128));
    return error < 0 ? error : take(&listener);
}

int connect_to(const char *path) {
    return open_socket(path, connect);
}

/* Nothing of the launcher or the daemon stays open in the shim: its standard streams are /dev/null. */
static _Noreturn void become_shim(int connection) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (setsid() < 0 || null < 0) _exit(1);
    if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(1);
    if (connection != 3 && dup3(connection, 3, O_CLOEXEC) < 0) _exit(1);
    sys_close_range(4, ~0u, 0);
    shim.inherited = 3;
    shim_main(3);
}

/* What is open below the connection is for the process. Ctrl-C in the caller's terminal is for the caller. */
static int become_attached(int connection) {
    if (connection < 3 || fcntl(connection, F_SETFD, FD_CLOEXEC) < 0) return 2;
    sys_close_range((unsigned)connection + 1, ~0u, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTSTP, SIG_IGN);
    shim.attached = true;
    shim.inherited = (unsigned)connection;
    shim_main(connection);
}

static void accept_one(int listener) {
    AUTO_FD connection = check(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    if (connection < 0) {
        /* Out of descriptors or memory: the connection stays in the queue, so do not spin on it. */
        if (connection != -EAGAIN && connection != -EINTR) poll(NULL, 0, 100);
        return;
    }
    if (fork() != 0) return;
    signal(SIGCHLD, SIG_DFL);
    become_shim(take(&connection));
}

static int serve(const char *path) {
    struct stat own, there;
    unlink(path); /* of a launcher that was killed; the daemon's own lock lets only one run */
    AUTO_FD listener = listen_on(path);
    if (listener < 0 || stat(path, &own) < 0) return listener < 0 ? -listener : errno;
    signal(SIGCHLD, SIG_IGN); /* shims are nobody's business once they are there */
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) return EPIPE;
    struct pollfd polls[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    for (char ignored[64];;) {
        if (poll(polls, 2, -1) < 0) continue;
        if (polls[1].revents != 0) accept_one(listener);
        if (polls[0].revents != 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0) break;
    }
    /* Another launcher may have taken the name meanwhile. */
    if (stat(path, &there) == 0 && there.st_ino == own.st_ino && there.st_dev == own.st_dev) unlink(path);
    return 0;
}

/* As the first process of a pid namespace: what is left to it is reaped by the kernel, and no signal has a default. */
static int hold_namespaces(void) {
    sigset_t ends;
    int signal_number;
    signal(SIGCHLD, SIG_IGN);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    return sigwait(&ends, &signal_number);
}

int main(int count, char **arguments) {
    if (count == 1 && strcmp(arguments[0], "/pause") == 0) return hold_namespaces();
    bool attached = count == 3 && strcmp(arguments[1], "--attached") == 0;
    if ((!attached && (count != 2 || arguments[1][0] != '/')) || chdir("/") < 0) return 2;
    umask(022);
    prctl(PR_SET_NAME, "berth-launcher", 0, 0, 0); /* run from a sealed copy it would be named for a number */
    return attached ? become_attached(atoi(arguments[2])) : serve(arguments[1]);
}
