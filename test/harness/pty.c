/*
 * pty ROWS COLUMNS PROGRAM [ARG...]: runs a program in a terminal. What comes on descriptor 0 is typed, what the
 * program shows goes to descriptor 1. Descriptor 3 takes lines "ROWS COLUMNS" that change the size. Ends with the
 * program's exit code, or 128 and the number of its signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_master(int rows, int columns) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    if (master < 0 || grantpt(master) || unlockpt(master) || ioctl(master, TIOCSWINSZ, &size)) {
        perror("pty");
        exit(125);
    }
    return master;
}

static void run_program(const char *slave_path, char **argv) {
    /* Whoever started the tests in the background had SIGINT ignored: that is inherited, and shells cannot undo it. */
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    setsid();
    int slave = open(slave_path, O_RDWR); /* becomes the controlling terminal of the new session */
    if (slave < 0) _exit(125);
    for (int fd = 0; fd < 3; fd++) dup2(slave, fd);
    close_range(3, ~0U, 0);
    execvp(argv[0], argv);
    _exit(127);
}

/* Returns 0 when there will be no more. */
static int copy(int from, int to) {
    char buffer[65536];
    ssize_t got = read(from, buffer, sizeof buffer);
    if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN);
    for (ssize_t at = 0, put; at < got; at += put)
        if ((put = write(to, buffer + at, got - at)) < 0) return 0;
    return 1;
}

static int resize(int master) {
    char line[64];
    ssize_t got = read(3, line, sizeof line - 1);
    if (got <= 0) return 0;
    line[got] = 0;
    /* Several changes may arrive at once: the last one counts. */
    char *last = line;
    for (char *newline; (newline = strchr(last, '\n')) && newline[1];) last = newline + 1;
    int rows, columns;
    if (sscanf(last, "%d %d", &rows, &columns) == 2) {
        struct winsize size = {.ws_row = rows, .ws_col = columns};
        ioctl(master, TIOCSWINSZ, &size);
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 4) return 125;
    signal(SIGPIPE, SIG_IGN);
    int master = open_master(atoi(argv[1]), atoi(argv[2]));
    char slave[64];
    if (ptsname_r(master, slave, sizeof slave)) return 125;
    pid_t pid = fork();
    if (pid == 0) run_program(slave, argv + 3);
    struct pollfd polled[] = {{master, POLLIN, 0}, {0, POLLIN, 0}, {3, POLLIN, 0}};
    /* The master fails with EIO once nobody has the terminal open any more. */
    while (poll(polled, 3, -1) >= 0 || errno == EINTR) {
        if (polled[0].revents && !copy(master, 1)) break;
        /* A size that was asked for before something was typed is there before it too. */
        if (polled[1].revents) poll(polled + 2, 1, 0);
        if (polled[2].revents && !resize(master)) polled[2].fd = -1;
        if (polled[1].revents && !copy(0, master)) polled[1].fd = -1;
    }
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
