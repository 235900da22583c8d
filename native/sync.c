/* The socket pair between the two tracks, and the two records that use it. */
#include <string.h>
#include <sys/socket.h>
#include "plan.h"
#include "shim.h"

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

int send_descriptors(int socket, const struct text *text, const int *descriptors, size_t count) {
    union control control = {0};
    struct iovec part = {(void *)(uintptr_t)text->data, text->size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)text->size ? 0 : -errno;
}

/* Returns like read(2); descriptors that did not come are -1. More than two are closed by the kernel. */
int receive_descriptors(int socket, int flags, uint8_t *first, int descriptors[2]) {
    union control control;
    struct iovec part = {first, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
    message.msg_controllen = sizeof control.bytes;
    int size;
    descriptors[0] = descriptors[1] = -1;
    do size = check(recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC));
    while (size == -EINTR);
    if (size > 0 && message.msg_controllen >= sizeof control.header && control.header.cmsg_type == SCM_RIGHTS)
        memcpy(descriptors, CMSG_DATA(&control.header), control.header.cmsg_len - CMSG_LEN(0));
    return size == -ECONNRESET ? 0 : size;
}

int sync_send(struct run *run, uint8_t token, const int descriptors[2]) {
    return send_descriptors(run->sync, &(struct text){(char *)&token, 1}, descriptors, descriptors == NULL ? 0 : 2);
}

int sync_receive(struct run *run, int flags) {
    uint8_t token;
    int descriptors[2];
    int size = receive_descriptors(run->sync, flags, &token, descriptors);
    if (size <= 0) return size;
    if (token == TOKEN_TERMINAL && descriptors[1] >= 0)
        process_take_terminal(run->process, descriptors);
    else
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
        if (record->track == TRACK_HOST) return run->peer_gone ? -EPIPE : WAITS;
        int got = sync_receive(run, 0);
        if (got <= 0) return got < 0 ? got : -EPIPE;
    }
    return 0;
}
