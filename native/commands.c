/* What each frame from a client does. False: the frame breaks the protocol, and its client is closed. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "frame.h"

static bool answer(struct client *client, int error) {
    struct { struct frame frame; int32_t error; } reply = {
        .frame = {.size = error < 0 ? 4 : 0, .type = error < 0 ? FRAME_ERROR : FRAME_OK, .process = client->frame.process},
        .error = -error,
    };
    client_send(client, &reply, sizeof reply.frame + reply.frame.size);
    return true;
}

static bool handle_start(struct client *client) {
    if (client->frame.flags > (WITH_STDIN | WITH_OUTPUT | WITH_WATCH)) return false;
    if (client->frame.flags & WITH_WATCH) client->watch = true;
    bool taken = false;
    int error = start_process(client, client->frame.process, client->payload, client->frame.size, &taken);
    if (taken) client->payload = NULL;
    if (error == 0) return true;
    struct started_frame failed = {
        .frame = {.size = sizeof failed - sizeof failed.frame, .type = FRAME_FAILED, .process = client->frame.process},
        .pid_or_record = NO_RECORD, .error = -error, .time = nanoseconds(CLOCK_REALTIME),
    };
    client_send(client, &failed, sizeof failed);
    return true;
}

static bool handle_attach(struct client *client) {
    struct process *process = process_find(client->frame.process);
    if (client->frame.flags > (WITH_STDIN | WITH_OUTPUT) || client->frame.size != 0) return false;
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
    if (client->frame.size != sizeof number) return false;
    memcpy(&number, client->payload, sizeof number);
    /* Not reaped, so the pid is still its own. */
    if (process == NULL || process->reaped || process->pid <= 0) return answer(client, -ESRCH);
    return answer(client, check(kill(process->pid, (int)number)));
}

static bool handle_resize(struct client *client) {
    uint16_t size[2];
    struct process *process = process_find(client->frame.process);
    if (client->frame.size != sizeof size) return false;
    memcpy(size, client->payload, sizeof size);
    if (process == NULL || process->state == EXITED) return answer(client, -ESRCH);
    if (process->slave < 0) return answer(client, -ENOTTY);
    return answer(client, check(ioctl(process->output[0], TIOCSWINSZ, &(struct winsize){.ws_row = size[0], .ws_col = size[1]})));
}

static bool handle_state(struct client *client) {
    size_t count = 0;
    for (const struct process *process = shim.processes; process != NULL; process = process->next) count++;
    uint8_t *reply = malloc(sizeof(struct frame) + count * sizeof(struct state_entry));
    if (reply == NULL) return false;
    size_t at = sizeof(struct frame);
    for (const struct process *process = shim.processes; process != NULL; process = process->next) {
        if (process->state != RUNNING && process->state != EXITED) continue;
        bool exited = process->state == EXITED;
        struct state_entry entry = {
            .process = process->id, .state = exited ? 2 : 1, .pid = (uint32_t)process->pid,
            .started = process->started, .finished = exited ? process->finished : 0,
            .code = exited ? process->code : 0, .signal = exited ? process->signal : 0,
        };
        memcpy(reply + at, &entry, sizeof entry);
        at += sizeof entry;
    }
    struct frame frame = {.size = (uint32_t)(at - sizeof frame), .type = FRAME_STATES, .process = client->frame.process};
    memcpy(reply, &frame, sizeof frame);
    client_send(client, reply, at);
    free(reply);
    return true;
}

static bool handle_watch(struct client *client) {
    if (client->frame.size != 0) return false;
    client->watch = true;
    return answer(client, 0);
}

static bool handle_reopen_log(struct client *client) {
    if (client->frame.size != 0) return false;
    return answer(client, log_reopen(&shim.log));
}

void handle_frame(struct client *client) {
    static bool (*const handlers[])(struct client *) = {
        [FRAME_START] = handle_start, [FRAME_ATTACH] = handle_attach, [FRAME_STDIN] = handle_stdin,
        [FRAME_STDIN_CLOSE] = handle_stdin, [FRAME_SIGNAL] = handle_signal, [FRAME_RESIZE] = handle_resize,
        [FRAME_STATE] = handle_state, [FRAME_WATCH] = handle_watch, [FRAME_REOPEN_LOG] = handle_reopen_log,
    };
    unsigned type = client->frame.type;
    if (type >= sizeof handlers / sizeof *handlers || handlers[type] == NULL || !handlers[type](client)) client->closing = true;
}
