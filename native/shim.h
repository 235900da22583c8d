/* What the shim knows: its processes, its clients and their frames (docs/shim.md), its log and journal. */
#ifndef BERTH_SHIM_H
#define BERTH_SHIM_H

#include <sys/types.h>
#include "sys.h"

enum { PROCESS_LIMIT = 1024, QUEUE_LIMIT = 256 * 1024, CHUNK = 64 * 1024 };
#define SILENCE 2000000000u /* nanoseconds without output after which a dead process's pipes are given up */

enum process_state { STARTING, RUNNING, EXITED, FAILING, GONE };

struct line_tail { /* the unfinished line of one stream */
    uint8_t *bytes;
    size_t size;
};

struct process {
    struct process *next;
    struct run *run;         /* while it starts */
    struct client *launcher; /* who waits for STARTED */
    uint16_t id;
    uint8_t state;
    bool reaped, settled; /* settled: all output is where it belongs, EXIT was sent */
    bool created; /* STARTING, and waits in an ask that outlives its client */
    pid_t pid;
    int pidfd, input, output[2];
    int slave; /* keeps a terminal alive while the process has it closed for a moment */
    int32_t code, signal;
    uint64_t started, finished, quiet_since;
    uint32_t failed; /* FAILING: the record and errno to tell */
    int32_t error;
    struct line_tail tails[2];
};

enum { FRAME_MAX = 1 << 20 };
enum frame_type {
    FRAME_START = 1, FRAME_ATTACH, FRAME_STDIN, FRAME_STDIN_CLOSE, FRAME_SIGNAL, FRAME_RESIZE,
    FRAME_STATE, FRAME_WATCH, FRAME_REOPEN_LOG, FRAME_ANSWER,
    FRAME_STARTED = 65, FRAME_FAILED, FRAME_OK, FRAME_ERROR, FRAME_OUTPUT, FRAME_EXIT, FRAME_STATES, FRAME_ASK,
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
    bool watch;
    bool closing;      /* to be freed at the end of this round */
    bool deaf;         /* takes no more output; what it sent is still carried out */
    bool held;         /* its STDIN frame waits for the process */
    struct frame frame;
    size_t have, fed; /* bytes of header and payload read; of payload given to the process */
    uint8_t *payload;
    uint8_t *queue;
    size_t queued, queue_at, queue_room;
    uint8_t stdin_of[PROCESS_LIMIT / 8], output_of[PROCESS_LIMIT / 8];
};

struct log {
    int fd;
    uint64_t size, limit, files, line_max, drop_returns;
    char *path;
};

struct shim {
    struct process *processes;
    struct client *clients;
    struct log log;
    int listener, signals, journal;
    char *socket, *journal_path;
    size_t journal_size; /* since it was opened or shortened */
    bool begun; /* process 0 was asked for */
    bool attached;      /* to one client: ends with it, and leaves the process */
    unsigned inherited; /* the first descriptor that is not the caller's */
};
extern struct shim shim;

/* launcher.c, shim.c */
int listen_on(const char *path);
int connect_to(const char *path);
_Noreturn void shim_main(int connection);
int shim_listen(const char *path);
void shim_unlisten(void);

/* process.c */
struct process *process_find(uint16_t id);
struct process *process_new(uint16_t id);
void process_free(struct process *process);
void process_reap_all(void);
void process_exited(struct process *process);
void process_read(struct process *process, int stream);
int process_settle_all(void);
bool process_is_blocked(const struct process *process);
void process_take_terminal(struct process *process, const int descriptors[2]);
bool process_take_stray(struct process *process);
void process_forget_terminal(struct process *process);

/* start.c */
int start_process(struct client *client, uint16_t id); /* takes the client's payload */
void start_continue(struct process *process);
void start_fail(struct process *process, uint32_t record, int error);
int start_answer(struct process *process, int32_t error);
void start_stirred(struct process *process);
enum { NO_RECORD = 0xffffffff };

/* client.c, commands.c */
struct client *client_add(int fd);
void client_read(struct client *client);
void client_write(struct client *client);
void client_feed(struct client *client);
void client_send(struct client *client, const void *frame, size_t size);
void client_free(struct client *client);
void clients_send_output(uint16_t process, const void *frame, size_t size);
void clients_send_exit(const struct process *process, bool settled);
void handle_frame(struct client *client);

/* log.c, journal.c */
int log_open(struct log *log, const char *path, uint64_t limit, uint64_t files);
int log_reopen(struct log *log);
void log_write(struct log *log, struct line_tail *tail, int stream, const uint8_t *bytes, size_t size);
void log_end(struct log *log, struct line_tail *tail, int stream);
int journal_open(const char *path);
void journal_start(const struct process *process);
void journal_exit(const struct process *process);
void journal_fail(const struct process *process, uint64_t time);
void journal_shorten(void);
char *print_number(char *at, uint64_t value, unsigned digits);

static inline bool has(const uint8_t *set, unsigned id) {
    return set[id / 8] >> id % 8 & 1;
}
static inline void put(uint8_t *set, unsigned id, bool on) {
    set[id / 8] = (uint8_t)((set[id / 8] & ~(1u << id % 8)) | (unsigned)on << id % 8);
}

#endif
