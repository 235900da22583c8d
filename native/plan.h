/* A decoded plan, and one run of it. The wire form is told in docs/plan.md. */
#ifndef BERTH_PLAN_H
#define BERTH_PLAN_H

#include <sys/types.h>
#include "gen/plan_kinds.h"
#include "sys.h"

enum track { TRACK_HOST, TRACK_CONTAINER };
enum { RECORD_SOFT = 1, RECORD_INJECT = 2 };

#define X(name, code, ...) KIND_##name = code,
enum kind { PLAN_KINDS(X) };
#undef X

struct text {
    const char *data; /* always followed by a NUL that does not count */
    uint32_t size;
};

struct record {
    uint16_t kind;
    uint8_t track, flags;
    const uint64_t *numbers;
    struct text strings[PLAN_MAX_STRINGS];
};

struct plan {
    uint32_t count;
    struct record *records;
    char **argv, **env; /* of the execve record: made here, as nothing may be allocated after the clone */
};

/* The bytes must be aligned to 8 and outlive the plan. -EINVAL for anything that is not a plan. */
int plan_decode(struct plan *plan, const uint8_t *bytes, size_t size);
void plan_free(struct plan *plan);


struct report_entry {
    int32_t error;
    uint32_t run;
    uint64_t nanoseconds;
};

/* The memory that shim and process share while the process starts. */
struct shared {
    uint32_t current; /* container track: the record it is at */
    int32_t error;    /* container track: the errno that ended it */
    uint32_t exec;    /* execve was entered and has not come back */
    uint32_t unused;
    struct report_entry entries[];
};

struct process;

/* The shim and the process have a copy each from the clone on, and use it for their own track. */
struct run {
    struct plan plan;
    const uint8_t *bytes;
    struct shared *shared;
    struct process *process;
    uint64_t tokens[4]; /* what the other side has posted */
    int sync;           /* this side's end of the socket pair */
    int stdio[3];       /* the process's ends */
    int first;          /* pidfd of the container's first process; borrowed */
    /* host track */
    uint32_t next;
    uint64_t waiting_since;
    bool peer_gone;
    int join;
    /* container track */
    int root, null_device, empty_folder;
    bool sealed;
};

/* Runs one record and reports on it. -EAGAIN: a host `wait` whose token has not come. */
int execute_record(struct run *run, uint32_t index);
_Noreturn void execute_container(struct run *run);

/* What carries out a kind: 0 or -errno. In its body the fields have their names of layout.ts. */
#define RECORD(kind) int record_##kind(struct run *run __attribute__((unused)), \
                                       const struct record *record __attribute__((unused)))
#define NUMBER(kind, field) (record->numbers[N_##kind##_##field])
#define TEXT(kind, field) (record->strings[S_##kind##_##field].data)
#define SIZE(kind, field) (record->strings[S_##kind##_##field].size)

#define X(name, ...) RECORD(name);
PLAN_KINDS(X)
#undef X

/* Takes what the other side has sent; 1 for a message, 0 for its end. */
int sync_receive(struct run *run, int flags);
int sync_send(struct run *run, uint8_t token, const int descriptors[2]);
enum { TOKEN_LIMIT = 255, TOKEN_TERMINAL = 255 };

/* Leaves nothing for the last moment that a seccomp filter could forbid. */
int seal_process(struct run *run);

/* Paths inside the container's root. All return an O_PATH descriptor or -errno. */
int root_find(const struct run *run, const char *path, uint64_t flags, uint64_t resolve);
int root_make(const struct run *run, const char *path, mode_t mode, bool *made); /* S_IFDIR or S_IFREG */
int root_parent(const struct run *run, const char *path, const char **name);

#endif
