/*
 * descriptor terminal|pidfd|seccomp SOCKET: a unix socket that takes one descriptor. Writes "ready", then what came with the descriptor as one
 * line, and then does what the descriptor is for: of a terminal it copies what is shown and types what comes on
 * standard input, of a pidfd it waits for the end, of a seccomp listener it answers every call with errno 95.
 */
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1)) return -1;
    return listener;
}

/* Writes the text that came along, without its line breaks. */
static int receive(int connection) {
    char text[8192] = "", control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(connection, &message, 0) < 0) return -1;
    for (char *at = text; *at; at++)
        if (*at == '\n') *at = ' ';
    printf("%s\n", text);
    fflush(stdout);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int descriptor = -1;
    if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

static void answer_calls(int listener) {
    struct seccomp_notif call;
    for (;;) {
        memset(&call, 0, sizeof call);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) break;
        struct seccomp_notif_resp answer = {.id = call.id, .error = -95};
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
        printf("call %d\n", call.data.nr);
        fflush(stdout);
    }
}

static void show_terminal(int master) {
    char buffer[4096];
    ssize_t got;
    struct pollfd polled[] = {{master, POLLIN, 0}, {0, POLLIN, 0}};
    while (poll(polled, 2, -1) > 0) {
        if (polled[0].revents) {
            if ((got = read(master, buffer, sizeof buffer)) <= 0 || write(1, buffer, got) < 0) break;
        }
        if (polled[1].revents) {
            if ((got = read(0, buffer, sizeof buffer)) <= 0) polled[1].fd = -1;
            else if (write(master, buffer, got) < 0) break;
        }
    }
}

int main(int argc, char **argv) {
    int listener = argc == 3 ? listen_at(argv[2]) : -1;
    if (listener < 0) return 2;
    printf("ready\n");
    fflush(stdout);
    int connection = accept(listener, NULL, NULL);
    int descriptor = receive(connection);
    if (descriptor < 0) return 3;
    if (!strcmp(argv[1], "terminal")) show_terminal(descriptor);
    if (!strcmp(argv[1], "seccomp")) answer_calls(descriptor);
    if (!strcmp(argv[1], "pidfd")) {
        struct pollfd polled = {descriptor, POLLIN, 0};
        printf(poll(&polled, 1, 60000) == 1 ? "ended\n" : "late\n");
    }
    return 0;
}
