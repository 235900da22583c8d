/* What each frame from a client does. False: the frame breaks the protocol, and its client is closed. */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include "shim.h"

static bool answer(struct client *client, int error) {
    struct { struct frame frame; int32_t error; } reply = {
        .frame = {.size = 4, .type = FRAME_ERROR, .process = client->frame.process}, .error = -error,
    };
    if (error >= 0) reply.frame.type = FRAME_OK, reply.frame.size = 0;
    client_send(client, &reply, sizeof reply.frame + reply.frame.size);
    return true;
}

static bool handle_start(struct client *client) {
    uint16_t process = client->frame.process;
    if (client->frame.flags > (WITH_STDIN | WITH_OUTPUT | WITH_WATCH)) return false;
    if (client->frame.flags & WITH_WATCH) client->watch = true;
    int error = start_process(client, process);
    struct started_frame failed = {{16, FRAME_FAILED, 0, process}, NO_RECORD, -error, nanoseconds(CLOCK_REALTIME)};
    if (error < 0) client_send(client, &failed, sizeof failed);
    return true;
}

static bool handle_attach(struct client *client) {
    struct process *process = process_find(client->frame.process);
    if (client->frame.flags > (WITH_STDIN | WITH_OUTPUT)) return false;
    if (process == NULL || process->settled || process->state == FAILING) return answer(client, -ESRCH);
    answer(client, 0); /* before the first byte of output */
    if (client->frame.flags & WITH_STDIN) put(client->stdin_of, process->id, true);
    if (client->frame.flags & WITH_OUTPUT) put(client->output_of, process->id, true);
    return true;
}

static bool handle_stdin(struct client *client) {
    struct process *process = process_find(client->frame.process);
    bool gone = process == NULL || process->state == EXITED || process->state == FAILING;
    if (!has(client->stdin_of, client->frame.process)) return gone; /* input that crossed the exit is no fault */
    client_feed(client);
    return true;
}

static bool handle_signal(struct client *client) {
    uint32_t number;
    struct process *process = process_find(client->frame.process);
    memcpy(&number, client->payload, sizeof number);
    /* Not reaped, so the pid is still its own. */
    if (process == NULL || process->reaped || process->pid <= 0) return answer(client, -ESRCH);
    return answer(client, check(kill(process->pid, (int)number)));
}

static bool handle_resize(struct client *client) {
    uint16_t size[2];
    struct process *process = process_find(client->frame.process);
    memcpy(size, client->payload, sizeof size);
    if (process == NULL || process->state == EXITED) return answer(client, -ESRCH);
    if (process->slave < 0) return answer(client, -ENOTTY);
    struct winsize window = {.ws_row = size[0], .ws_col = size[1]};
    return answer(client, check(ioctl(process->output[0], TIOCSWINSZ, &window)));
}

static bool is_listed(const struct process *process) {
    return process->created || process->state == RUNNING || process->state == EXITED;
}

static bool handle_state(struct client *client) {
    struct frame frame = {.type = FRAME_STATES};
    for (const struct process *process = shim.processes; process != NULL; process = process->next)
        frame.size += is_listed(process) ? sizeof(struct state_entry) : 0;
    client_send(client, &frame, sizeof frame);
    for (const struct process *process = shim.processes; process != NULL; process = process->next) {
        struct state_entry entry = {
            .process = process->id, .state = process->state, .pid = (uint32_t)process->pid,
            .started = process->started, .finished = process->finished,
            .code = process->code, .signal = process->signal,
        };
        if (is_listed(process)) client_send(client, &entry, sizeof entry);
    }
    return true;
}

static bool handle_watch(struct client *client) {
    client->watch = true;
    return answer(client, 0);
}

static bool handle_reopen_log(struct client *client) {
    return answer(client, log_reopen(&shim.log));
}

/* What is created waits for anybody; other questions are between the plan and who sent it. */
static bool handle_answer(struct client *client) {
    int32_t error;
    struct process *process = process_find(client->frame.process);
    memcpy(&error, client->payload, sizeof error);
    bool may = process != NULL && (process->created || process->launcher == client);
    int result = may ? start_answer(process, error) : -ESRCH;
    answer(client, result); /* before STARTED, as a question comes before its outcome */
    if (result == 0) start_continue(process);
    return true;
}

void handle_frame(struct client *client) {
    enum { ANY = FRAME_MAX + 1 };
    static const struct { bool (*handle)(struct client *); uint32_t size; } handlers[] = {
        [FRAME_START] = {handle_start, ANY}, [FRAME_ATTACH] = {handle_attach, 0}, [FRAME_STDIN] = {handle_stdin, ANY},
        [FRAME_STDIN_CLOSE] = {handle_stdin, 0}, [FRAME_SIGNAL] = {handle_signal, 4},
        [FRAME_RESIZE] = {handle_resize, 4}, [FRAME_STATE] = {handle_state, 0},
        [FRAME_WATCH] = {handle_watch, 0}, [FRAME_REOPEN_LOG] = {handle_reopen_log, 0},
        [FRAME_ANSWER] = {handle_answer, 4},
    };
    unsigned type = client->frame.type;
    bool known = type < sizeof handlers / sizeof *handlers && handlers[type].handle != NULL;
    bool fits = known && (handlers[type].size == ANY || handlers[type].size == client->frame.size);
    if (!fits || !handlers[type].handle(client)) client->closing = true;
}
