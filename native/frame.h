/* The frames of docs/shim.md, and a client as the shim sees it. */
#ifndef BERTH_FRAME_H
#define BERTH_FRAME_H

#include "process.h"

enum { FRAME_MAX = 1 << 20 };
enum frame_type {
    FRAME_START = 1, FRAME_ATTACH, FRAME_STDIN, FRAME_STDIN_CLOSE, FRAME_SIGNAL, FRAME_RESIZE,
    FRAME_STATE, FRAME_WATCH, FRAME_REOPEN_LOG,
    FRAME_STARTED = 65, FRAME_FAILED, FRAME_OK, FRAME_ERROR, FRAME_OUTPUT, FRAME_EXIT, FRAME_STATES,
};
enum { WITH_STDIN = 1, WITH_OUTPUT = 2, WITH_WATCH = 4 };

struct frame {
    uint32_t size;
    uint8_t type, flags;
    uint16_t process;
};

struct started_frame {
    struct frame frame;
    uint32_t pid_or_record;
    int32_t error;
    uint64_t time; /* followed by the report */
};

struct exit_frame {
    struct frame frame;
    int32_t code, signal;
    uint64_t time;
};

struct state_entry {
    uint16_t process, state;
    uint32_t pid;
    uint64_t started, finished;
    int32_t code, signal;
};

struct client {
    struct client *next;
    int fd;
    bool watch, first; /* first: made by the launcher, owns the start of process 0 */
    bool closing;      /* to be freed at the end of this round */
    bool deaf;         /* takes no more output; what it sent is still carried out */
    bool held;         /* its STDIN frame waits for the process */
    struct frame frame;
    size_t have, fed; /* bytes of header and payload read; of payload given to the process */
    uint8_t *payload, small[16];
    uint8_t *queue;
    size_t queued, queue_at, queue_room;
    uint8_t stdin_of[PROCESS_LIMIT / 8], output_of[PROCESS_LIMIT / 8];
};

void handle_frame(struct client *client);

static inline bool has(const uint8_t *set, unsigned id) {
    return set[id / 8] >> id % 8 & 1;
}
static inline void put(uint8_t *set, unsigned id, bool on) {
    set[id / 8] = (uint8_t)((set[id / 8] & ~(1u << id % 8)) | (unsigned)on << id % 8);
}

#endif
