/*
 * terminal send SOCKET PIDFILE COMMAND: makes a terminal with COMMAND on it, sends its master to SOCKET, ends.
 * terminal take SOCKET: takes one descriptor there, prints the words that came with it and what it is.
 * Two sides that a runtime's `--console-socket` has.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

union control { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; };

static int open_at(const char *path, int (*call)(int, const struct sockaddr *, socklen_t)) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, path);
    if (call(fd, (struct sockaddr *)&address, sizeof address) < 0) exit(9);
    return fd;
}

static void send_terminal(char **words) {
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), unlock = 0;
    ioctl(master, TIOCSPTLCK, &unlock);
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        for (int i = 0; i < 3; i++) dup2(slave, i);
        close(slave);
        execl("/bin/busybox", "sh", "-c", words[2], NULL);
        _exit(127);
    }
    union control control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec part = {"/dev/ptmx", 9};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &master, sizeof master);
    if (sendmsg(open_at(words[0], connect), &message, 0) != 9) exit(8);
    FILE *file = fopen(words[1], "w");
    fprintf(file, "%d", pid);
    fclose(file);
}

static void take_descriptor(char **words) {
    char text[64] = "", link[32], target[64] = "";
    int listener = open_at(words[0], bind), fd = -1;
    listen(listener, 1);
    union control control = {0};
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(accept(listener, NULL, NULL), &message, 0) < 0) exit(8);
    memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, target, sizeof target - 1) < 0) exit(7);
    struct winsize size = {0};
    ioctl(fd, TIOCGWINSZ, &size);
    printf("%s %s %d %d\n", text, target, size.ws_row, fcntl(fd, F_GETFL) & O_NONBLOCK);
    fflush(stdout);
    while (read(0, text, sizeof text) > 0) {} /* holds it */
}

int main(int count, char **words) {
    if (count < 3) return 2;
    if (strcmp(words[1], "send") == 0) send_terminal(words + 2);
    else take_descriptor(words + 2);
    return 0;
}
