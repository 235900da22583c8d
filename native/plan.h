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
    bool adopts;        /* the process is made by another program: no spawn, no container track */
};

/* The bytes must be aligned to 8 and outlive the plan. -EINVAL for anything that is not a plan. */
int plan_decode(struct plan *plan, const uint8_t *bytes, size_t size);
void plan_free(struct plan *plan);
/* Points at each item of a list; returns how many there are. */
size_t list_items(const struct text *list, char **items);

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
    int32_t pid;      /* the process's number as the shim sees it; 0: not told yet */
    int32_t pidfd, listener, delivered; /* between a helper and who it helps: user.c, notify.c */
    uint32_t note_size;
    int32_t program_error; /* of run_program: what its helper found out */
    char note[1000];       /* the last that a program of the plan said */
    struct report_entry entries[];
};

struct process;
enum { SLOT_LIMIT = 256, KEPT_LIMIT = 2 * SLOT_LIMIT };

/* The shim and the process have a copy each from the clone on, and use it for their own track. */
struct run {
    struct plan plan;
    const uint8_t *bytes;
    struct shared *shared;
    struct process *process;
    uint64_t tokens[4]; /* what the other side has posted */
    int sync;           /* this side's end of the socket pair */
    int stdio[3];       /* the process's ends */
    int first;          /* pidfd of the container's first process */
    int kept[KEPT_LIMIT]; /* what else the process inherits: the shim closes its own after the clone */
    uint32_t kept_count;
    int trees[SLOT_LIMIT]; /* of `kept`: detached mounts. 0: none */
    int agent;             /* of `kept`: who gets the seccomp listener, and the words around the pid. 0: none */
    struct text agent_words[2];
    char *agent_state; /* their room, as one text */
    int gate;           /* of `kept`: listening socket. 0: none */
    unsigned preserve;  /* so many descriptors from 3 on are for the program */
    /* host track */
    uint32_t next;
    uint64_t waiting_since;
    bool peer_gone;
    int join;       /* the pid namespace that spawn joins */
    int early[8];   /* what a helper joins before, in this order */
    unsigned early_count;
    enum { NOT_ASKED, ASKED, ANSWERED } asked;
    int32_t answer;
    pid_t helper; /* runs a program for the shim; 0: none */
    /* container track */
    int root, null_device, empty_folder;
    bool sealed;
    int caller; /* who opened the gate; 0: nobody yet */
};

/* What a host record returns that goes on later: it is called again whenever something happens. */
enum { WAITS = -4096 };

/* Runs one record and reports on it. WAITS: it is not done yet. */
int execute_record(struct run *run, uint32_t index);
_Noreturn void execute_container(struct run *run);
void gate_report(const struct run *run);

/* What carries out a kind: 0 or -errno. In its body the fields have their names of layout.ts. */
#define RECORD(kind) int record_##kind(struct run *run __attribute__((unused)), \
                                       const struct record *record __attribute__((unused)))
#define NUMBER(kind, field) (record->numbers[N_##kind##_##field])
#define STRING(kind, field) (&record->strings[S_##kind##_##field])
#define TEXT(kind, field) (STRING(kind, field)->data)
#define SIZE(kind, field) (STRING(kind, field)->size)
/* A kind that is one system call. */
#define PLAIN(kind, ...) RECORD(kind) { return check(syscall(__VA_ARGS__)); }

#define X(name, ...) RECORD(name);
PLAN_KINDS(X)
#undef X

/* Hands a new descriptor to the process-to-be. Returns it; -errno as it came, or when there are too many. */
int run_keep(struct run *run, int fd);
void run_unkeep(struct run *run);

/* clone3 in the namespaces of `run->early`: the pid, 0 in the process, -errno. */
struct clone_args;
int clone_joined(struct run *run, struct clone_args *arguments);
void forget_early(struct run *run);
/* A descriptor of a new user namespace with these maps. */
int make_user_namespace(const struct text *uid_map, const struct text *gid_map);

/* Takes what the other side has sent; 1 for a message, 0 for its end. */
int sync_receive(struct run *run, int flags);
int sync_send(struct run *run, uint8_t token, const int descriptors[2]);
int send_descriptors(int socket, const struct text *text, const int *descriptors, size_t count);
int receive_descriptors(int socket, int flags, uint8_t *first, int descriptors[2]);
enum { TOKEN_LIMIT = 255, TOKEN_TERMINAL = 255 };

/* As seccomp(2) with a listener, which the agent has when this returns. */
struct sock_fprog;
int seccomp_notified(struct run *run, uint64_t flags, const struct sock_fprog *filter);

/* Leaves nothing for the last moment that a seccomp filter could forbid. */
int seal_process(struct run *run);

/* Paths inside the container's root. All return an O_PATH descriptor or -errno. */
int root_find(const struct run *run, const char *path, uint64_t flags, uint64_t resolve);
int root_make(const struct run *run, const char *path, mode_t mode, bool *made); /* S_IFDIR or S_IFREG */
int root_parent(const struct run *run, const char *path, const char **name);

#endif
