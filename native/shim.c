/* The shim's one loop. What is not polled for is how back pressure works. */
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include "shim.h"
#include "plan.h"

struct shim shim = {.listener = -1, .signals = -1, .journal = -1, .log = {.fd = -1}};

enum source { FROM_LISTENER, FROM_SIGNALS, FROM_CLIENT, TO_STDIN, FROM_SYNC, FROM_OUTPUT, FROM_ERRORS };
struct watch { enum source source; void *who; };

/* Pages of these that are never used cost nothing. */
enum { WATCH_LIMIT = 8192 };
static struct pollfd polls[WATCH_LIMIT];
static struct watch watches[WATCH_LIMIT];
static unsigned watched;

static void watch(int fd, short events, enum source source, void *who) {
    if (fd < 0 || watched == WATCH_LIMIT) return;
    polls[watched] = (struct pollfd){.fd = fd, .events = events};
    watches[watched++] = (struct watch){source, who};
}

int shim_listen(const char *path) {
    shim.socket = strdup(path);
    shim.listener = shim.socket != NULL ? listen_on(path) : -ENOMEM;
    return shim.listener < 0 ? shim.listener : 0;
}

void shim_unlisten(void) {
    if (shim.listener >= 0) unlink(shim.socket);
    close_descriptor(&shim.listener);
}

static void watch_client(struct client *client) {
    short events = client->queued > 0 ? POLLOUT : 0;
    if (!client->held && client->queued < QUEUE_LIMIT) events |= POLLIN;
    /* A hang-up is reported even when not asked for, again and again: so no poll while its input is held. */
    if (events != 0) watch(client->fd, events, FROM_CLIENT, client);
    struct process *process = client->held ? process_find(client->frame.process) : NULL;
    if (process != NULL && process->state == RUNNING) watch(process->input, POLLOUT, TO_STDIN, client);
}

static void watch_process(struct process *process) {
    if (process->state == STARTING && !process->run->peer_gone) watch(process->run->sync, POLLIN, FROM_SYNC, process);
    if (process->state != RUNNING && process->state != EXITED) return;
    if (process_is_blocked(process)) return;
    watch(process->output[0], POLLIN, FROM_OUTPUT, process);
    watch(process->output[1], POLLIN, FROM_ERRORS, process);
}

static void watch_all(void) {
    watched = 0;
    watch(shim.listener, POLLIN, FROM_LISTENER, NULL);
    watch(shim.signals, POLLIN, FROM_SIGNALS, NULL);
    for (struct client *client = shim.clients; client != NULL; client = client->next) watch_client(client);
    for (struct process *process = shim.processes; process != NULL; process = process->next) watch_process(process);
}

static void on_signal(void) {
    struct signalfd_siginfo info[8];
    while (read(shim.signals, info, sizeof info) > 0) {}
    process_reap_all();
}

/* An earlier event of the same round may have closed the descriptor or ended the start. */
static void dispatch(const struct pollfd *poll, const struct watch *watch) {
    struct process *process = watch->who;
    struct client *client = watch->who;
    switch (watch->source) {
    case FROM_LISTENER: client_add(accept4(poll->fd, NULL, NULL, SOCK_CLOEXEC)); break;
    case FROM_SIGNALS: on_signal(); break;
    case FROM_CLIENT:
        if (poll->revents & POLLOUT && client->queued > 0) client_write(client);
        if (poll->revents & (POLLIN | POLLHUP | POLLERR) && !client->held) client_read(client);
        break;
    case TO_STDIN: if (client->held) client_feed(client); break;
    case FROM_SYNC: if (process->state == STARTING) start_continue(process); break;
    case FROM_OUTPUT: if (process->output[0] == poll->fd) process_read(process, 0); break;
    case FROM_ERRORS: if (process->output[1] == poll->fd) process_read(process, 1); break;
    }
}

/* The daemon died, or lost interest, before there was a process: as if it had never been asked for. */
static void abandon_start(struct client *client) {
    for (struct process *process = shim.processes; process != NULL; process = process->next) {
        if (process->launcher != client) continue;
        process->launcher = NULL;
        if (process->state != STARTING || process->created) continue;
        if (process->id == 0 || process->run->asked == ASKED) start_fail(process, NO_RECORD, -ECANCELED);
    }
}

static void sweep(void) {
    for (struct client **at = &shim.clients; *at != NULL;) {
        struct client *client = *at;
        if (client->held) client_feed(client);
        if (!client->closing || client->held) {
            at = &client->next;
            continue;
        }
        abandon_start(client);
        *at = client->next;
        client_free(client);
    }
    /* Nobody can come and write any more: who waits for the end of its input would wait for ever. */
    struct process *first = shim.clients == NULL && shim.listener < 0 ? process_find(0) : NULL;
    if (first != NULL && first->state == RUNNING) close_descriptor(&first->input);
    for (struct process **at = &shim.processes; *at != NULL;) {
        struct process *process = *at;
        if (process->state != GONE) {
            at = &process->next;
            continue;
        }
        *at = process->next;
        process_free(process);
    }
}

/* An attached shim that has lost its client leaves what was created or runs to its own subreaper. */
static bool finished(void) {
    bool leaves = shim.attached && shim.clients == NULL;
    for (const struct process *process = shim.processes; process != NULL; process = process->next)
        if (!process->settled && !(leaves && (process->created || process->state == RUNNING))) return false;
    for (const struct client *client = shim.clients; client != NULL; client = client->next)
        if (client->queued > 0 || !shim.begun) return false;
    return true;
}

static void set_up(int connection) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a log beyond RLIMIT_FSIZE loses lines, as on a full disk */
    signal(SIGHUP, SIG_IGN);
    shim.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "berth-shim", 0, 0, 0);
    /* Its children are like it until they exec: a container must not be able to trace them. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#ifdef __GLIBC__
    /* Plans and queues go back to the kernel as soon as they are freed. */
    mallopt(M_MMAP_THRESHOLD, 16 * 1024);
    mallopt(M_TRIM_THRESHOLD, 32 * 1024);
#endif
    if (shim.signals < 0 || client_add(connection) == NULL) _exit(1);
}

/* Whoever is still sending would be told of a reset, and lose what we sent before. So say that there is
 * nothing more, and listen until they have seen it; a second at most, for one that does not read. */
static void part(void) {
    shim_unlisten();
    for (struct client *client = shim.clients; client != NULL; client = client->next) {
        uint8_t ignored[4096];
        struct pollfd poll_one = {.fd = client->fd, .events = POLLIN};
        uint64_t until = nanoseconds(CLOCK_MONOTONIC) + 1000000000u;
        shutdown(client->fd, SHUT_WR);
        while (nanoseconds(CLOCK_MONOTONIC) < until && poll(&poll_one, 1, 1000) > 0)
            if (read(client->fd, ignored, sizeof ignored) <= 0) break;
    }
}

_Noreturn void shim_main(int connection) {
    set_up(connection);
    for (int wait = -1; !finished();) {
        watch_all();
        int ready = poll(polls, watched, wait);
        for (unsigned i = 0; i < watched && ready > 0; i++)
            if (polls[i].revents != 0) dispatch(&polls[i], &watches[i]);
        sweep();
        wait = process_settle_all();
        journal_shorten();
    }
    part();
    _exit(0);
}
