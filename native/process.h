/* What the shim knows: its processes, its clients, its log and journal. One shim, one of each. */
#ifndef BERTH_PROCESS_H
#define BERTH_PROCESS_H

#include <stddef.h>
#include <sys/types.h>
#include "sys.h"

enum { PROCESS_LIMIT = 1024, QUEUE_LIMIT = 256 * 1024, CHUNK = 64 * 1024, LINE_MAX_BYTES = 16384 };
#define SILENCE 2000000000u /* nanoseconds without output after which a dead process's pipes are given up */

enum process_state { STARTING, RUNNING, EXITED, FAILING, GONE };

struct run;
struct client;

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
    pid_t pid;
    int pidfd, input, output[2];
    int slave; /* keeps a terminal alive while the process has it closed for a moment */
    int32_t code, signal;
    uint64_t started, finished, quiet_since;
    uint32_t failed; /* FAILING: the record and errno to tell */
    int32_t error;
    struct line_tail tails[2];
};

struct log {
    int fd;
    uint64_t size, limit, files;
    char *path;
};

struct shim {
    struct process *processes;
    struct client *clients;
    struct log log;
    int listener, signals, journal;
    char *socket;
    bool begun; /* process 0 was asked for */
};
extern struct shim shim;

/* listen.c, shim.c */
int listen_on(const char *path);
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
void process_settle_all(void);
int process_wait_milliseconds(void);
bool process_is_blocked(const struct process *process);

/* start.c */
int start_process(struct client *client, uint16_t id, const uint8_t *bytes, size_t size, bool *bytes_taken);
void start_continue(struct process *process);
void start_fail(struct process *process, uint32_t record, int error);
void start_failed(struct process *process);
enum { NO_RECORD = 0xffffffff };

/* client.c */
struct client *client_add(int fd);
void client_read(struct client *client);
void client_write(struct client *client);
void client_feed(struct client *client);
void client_send(struct client *client, const void *frame, size_t size);
void client_free(struct client *client);
void clients_send_output(uint16_t process, const void *frame, size_t size);
void clients_send_exit(const struct process *process, bool settled);

/* log.c, journal.c */
int log_open(struct log *log, const char *path, uint64_t limit, uint64_t files);
int log_reopen(struct log *log);
void log_write(struct log *log, struct line_tail *tail, int stream, const uint8_t *bytes, size_t size);
void log_end(struct log *log, struct line_tail *tail, int stream);
int journal_open(const char *path);
void journal_write(const char *event, const int64_t *values, unsigned count);
char *print_number(char *at, uint64_t value, unsigned digits);

#endif
