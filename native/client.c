/* Clients: frames in, frames out, and the back pressure of both ways. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "shim.h"

enum { FRAMES_A_ROUND = 16 }; /* so that one busy client does not starve the others */

struct client *client_add(int fd) {
    struct client *client = fd >= 0 ? calloc(1, sizeof *client) : NULL;
    if (client == NULL) {
        close(fd);
        poll(NULL, 0, 10); /* out of descriptors or memory: whoever knocks will do so again at once */
        return NULL;
    }
    client->fd = fd;
    client->next = shim.clients;
    return shim.clients = client;
}

static void drop_payload(struct client *client) {
    free(client->payload);
    client->payload = NULL;
    client->have = client->fed = 0;
}

static void drop_queue(struct client *client) {
    free(client->queue);
    client->queue = NULL;
    client->queued = client->queue_at = client->queue_room = 0;
}

void client_free(struct client *client) {
    close_descriptor(&client->fd);
    drop_payload(client);
    drop_queue(client);
    free(client);
}

/* A client that is gone for output gets no more of it, and no process waits for it. */
static void make_deaf(struct client *client) {
    client->deaf = true;
    drop_queue(client);
    memset(client->output_of, 0, sizeof client->output_of);
}

static void enqueue(struct client *client, const uint8_t *bytes, size_t size) {
    if (client->queue_at + client->queued + size > client->queue_room) {
        size_t room = client->queued + size + CHUNK;
        if (client->queue_at > 0) memmove(client->queue, client->queue + client->queue_at, client->queued);
        client->queue_at = 0;
        uint8_t *queue = realloc(client->queue, room);
        if (queue == NULL) {
            client->closing = true;
            return make_deaf(client);
        }
        client->queue = queue;
        client->queue_room = room;
    }
    memcpy(client->queue + client->queue_at + client->queued, bytes, size);
    client->queued += size;
}

/* The number of bytes that went out; 0 also when the client is not to be had. */
static size_t send_now(struct client *client, const uint8_t *bytes, size_t size) {
    int sent = check(send(client->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT));
    if (sent < 0 && sent != -EAGAIN && sent != -EINTR) make_deaf(client);
    return sent < 0 ? 0 : (size_t)sent;
}

void client_send(struct client *client, const void *frame, size_t size) {
    if (client->deaf) return;
    size_t sent = client->queued == 0 ? send_now(client, frame, size) : 0;
    if (sent < size && !client->deaf) enqueue(client, (const uint8_t *)frame + sent, size - sent);
}

void client_write(struct client *client) {
    size_t sent = send_now(client, client->queue + client->queue_at, client->queued);
    if (client->deaf) return;
    client->queue_at += sent;
    client->queued -= sent;
    if (client->queued == 0) drop_queue(client);
}

void clients_send_output(uint16_t process, const void *frame, size_t size) {
    for (struct client *client = shim.clients; client != NULL; client = client->next)
        if (has(client->output_of, process)) client_send(client, frame, size);
}

/* Mere watchers are told at once, the attached when they have all output; nobody twice. */
void clients_send_exit(const struct process *process, bool settled) {
    struct exit_frame exit = {
        .frame = {.size = sizeof exit - sizeof exit.frame, .type = FRAME_EXIT, .process = process->id},
        .code = process->code, .signal = process->signal, .time = process->finished,
    };
    for (struct client *client = shim.clients; client != NULL; client = client->next) {
        bool attached = has(client->output_of, process->id) || has(client->stdin_of, process->id);
        if (settled ? attached : client->watch && !attached) client_send(client, &exit, sizeof exit);
    }
}

/* Gives the process its input; what it does not take now stays, and nothing more is read from this client. */
void client_feed(struct client *client) {
    struct process *process = process_find(client->frame.process);
    client->held = true;
    if (process != NULL && process->state == STARTING) return; /* its pipe may not be there yet */
    while (process != NULL && process->input >= 0 && client->fed < client->frame.size) {
        int written = check(write(process->input, client->payload + client->fed, client->frame.size - client->fed));
        if (written == -EAGAIN) return;
        if (written < 0 && written != -EINTR) close_descriptor(&process->input); /* it closed its end */
        if (written > 0) client->fed += (size_t)written;
    }
    /* A terminal's end of input is a character that the client sends. */
    bool close_it = client->frame.type == FRAME_STDIN_CLOSE && process != NULL && process->slave < 0;
    if (close_it) close_descriptor(&process->input);
    client->held = false;
    drop_payload(client);
}

/* False: nothing more to be had now. */
static bool receive(struct client *client, uint8_t *into, size_t size) {
    int got = check(recv(client->fd, into, size, MSG_DONTWAIT));
    if (got > 0) client->have += (size_t)got;
    if (got == 0 || (got < 0 && got != -EAGAIN && got != -EINTR)) client->closing = true;
    return got > 0;
}

/* False when the frame breaks the protocol. Memory that a liar asks for is never touched, so it costs nothing. */
static bool begin_payload(struct client *client) {
    size_t size = client->frame.size;
    if (size > FRAME_MAX || client->frame.process >= PROCESS_LIMIT) return false;
    client->payload = malloc(size + 1);
    return client->payload != NULL;
}

void client_read(struct client *client) {
    for (int frames = 0; frames < FRAMES_A_ROUND && !client->held && !client->closing;) {
        size_t head = sizeof client->frame, have = client->have;
        if (have < head) {
            if (!receive(client, (uint8_t *)&client->frame + have, head - have)) return;
            if (client->have == head && !begin_payload(client)) client->closing = true;
        } else if (have - head < client->frame.size) {
            if (!receive(client, client->payload + (have - head), client->frame.size - (have - head))) return;
        }
        if (client->closing || client->have < head || client->have - head < client->frame.size) continue;
        frames++;
        handle_frame(client);
        if (!client->held) drop_payload(client);
    }
}
