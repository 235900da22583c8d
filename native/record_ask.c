/* Who says that a start goes on: the client that is asked, or whoever opens the gate. */
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "plan.h"
#include "shim.h"

struct ask_frame {
    struct frame frame;
    uint32_t token, pid;
};

RECORD(ask) {
    struct process *process = run->process;
    bool keep = NUMBER(ask, keep) != 0;
    if (run->asked == ANSWERED) {
        run->asked = NOT_ASKED;
        process->created = false;
        return -run->answer;
    }
    if (process->reaped || (run->peer_gone && !run->shared->exec)) return -EPIPE;
    if (process->launcher == NULL && !keep) return -ECANCELED;
    if (run->asked == ASKED) return WAITS;
    struct ask_frame ask = {
        {8, FRAME_ASK, 0, process->id}, (uint32_t)NUMBER(ask, token), (uint32_t)process->pid,
    };
    run->asked = ASKED;
    process->created = keep;
    if (process->launcher != NULL) client_send(process->launcher, &ask, sizeof ask);
    return WAITS;
}

RECORD(gate_listen) {
    run->gate = run_keep(run, listen_on(TEXT(gate_listen, path)));
    return run->gate < 0 ? run->gate : 0;
}

/* It waits here for as long as nobody wants the program to run, so it needs nobody: the shim may be long gone. */
RECORD(gate) {
    if (run->gate <= 0 || fcntl(run->gate, F_SETFL, 0) < 0) return -EBADF;
    do run->caller = check(accept4(run->gate, NULL, NULL, SOCK_CLOEXEC));
    while (run->caller == -EINTR || run->caller == -ECONNABORTED);
    close(run->gate);
    return run->caller < 0 ? run->caller : 0;
}

void gate_report(const struct run *run) {
    const struct shared *shared = run->shared;
    struct iovec parts[] = {
        {(void *)(uintptr_t)&shared->error, 4}, {(void *)(uintptr_t)&shared->current, 4},
        {(void *)(uintptr_t)shared->note, shared->note_size},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    if (run->caller > 0) sendmsg(run->caller, &message, MSG_NOSIGNAL);
}
