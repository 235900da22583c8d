/* The socket pair between the two tracks, and the two records that use it. */
#include <string.h>
#include <sys/socket.h>
#include "plan.h"
#include "shim.h"

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

int sync_send(struct run *run, uint8_t token, const int descriptors[2]) {
    union control control = {0};
    struct iovec part = {&token, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptors != NULL) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        control.header.cmsg_len = CMSG_LEN(2 * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(&control.header), descriptors, 2 * sizeof(int));
    }
    return sendmsg(run->sync, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* The terminal takes the place of the pipes: one end for output, one for input, and its own peer. */
static void take_terminal(struct process *process, const int descriptors[2]) {
    fcntl(descriptors[0], F_SETFL, O_NONBLOCK | O_RDWR);
    process->output[0] = descriptors[0];
    process->input = fcntl(descriptors[0], F_DUPFD_CLOEXEC, 3);
    process->slave = descriptors[1];
}

int sync_receive(struct run *run, int flags) {
    uint8_t token;
    union control control;
    struct iovec part = {&token, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
    message.msg_controllen = sizeof control.bytes;
    int size;
    do size = check(recvmsg(run->sync, &message, flags | MSG_CMSG_CLOEXEC));
    while (size == -EINTR);
    if (size <= 0) return size == -ECONNRESET ? 0 : size;
    if (token == TOKEN_TERMINAL && message.msg_controllen >= CMSG_LEN(2 * sizeof(int))) {
        int descriptors[2];
        memcpy(descriptors, CMSG_DATA(&control.header), sizeof descriptors);
        take_terminal(run->process, descriptors);
    } else
        run->tokens[token / 64] |= (uint64_t)1 << token % 64;
    return 1;
}

RECORD(post) {
    uint64_t token = NUMBER(post, token);
    return token >= TOKEN_LIMIT ? -EINVAL : sync_send(run, (uint8_t)token, NULL);
}

/* The shim must not block: it asks again when the socket has something. The process has nothing else to do. */
RECORD(wait) {
    uint64_t token = NUMBER(wait, token);
    if (token >= TOKEN_LIMIT) return -EINVAL;
    while (!(run->tokens[token / 64] >> token % 64 & 1)) {
        if (record->track == TRACK_HOST) return run->peer_gone ? -EPIPE : -EAGAIN;
        int got = sync_receive(run, 0);
        if (got <= 0) return got < 0 ? got : -EPIPE;
    }
    return 0;
}
