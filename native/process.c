/* Processes: reaping, exits, output, and the moment when all of a process is where it belongs. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "plan.h"
#include "shim.h"

/* An earlier one with this number was settled: its descriptors are long closed, its clients told. */
struct process *process_new(uint16_t id) {
    struct process *old = process_find(id), *process = malloc(sizeof *process);
    if (old != NULL) old->state = GONE;
    if (process == NULL) return NULL;
    for (struct client *client = shim.clients; client != NULL; client = client->next) {
        put(client->stdin_of, id, false);
        put(client->output_of, id, false);
    }
    *process = (struct process){.id = id, .pidfd = -1, .input = -1, .output = {-1, -1}, .slave = -1};
    process->next = shim.processes;
    return shim.processes = process;
}

void process_free(struct process *process) {
    close_descriptor(&process->pidfd);
    close_descriptor(&process->input);
    close_descriptor(&process->slave);
    for (int stream = 0; stream < 2; stream++) {
        close_descriptor(&process->output[stream]);
        free(process->tails[stream].bytes);
    }
    free(process);
}

struct process *process_find(uint16_t id) {
    struct process *process = shim.processes;
    while (process != NULL && (process->id != id || process->state == GONE)) process = process->next;
    return process;
}

/* Children that a program of a plan left to us and that ended before `adopt` could name them. */
static struct { pid_t pid; int status; } strays[32];

static void ended(struct process *process, int status) {
    process->reaped = true;
    process->finished = nanoseconds(CLOCK_REALTIME);
    process->quiet_since = nanoseconds(CLOCK_MONOTONIC);
    process->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    process->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reaped(pid_t pid, int status) {
    static unsigned turn;
    for (struct process *process = shim.processes; process != NULL; process = process->next) {
        if (process->pid == pid && !process->reaped) return ended(process, status);
        if (process->run == NULL || process->run->helper != pid) continue;
        process->run->helper = 0;
        return;
    }
    unsigned at = turn++ % (sizeof strays / sizeof *strays);
    strays[at].pid = pid;
    strays[at].status = status;
}

bool process_take_stray(struct process *process) {
    for (unsigned i = 0; i < sizeof strays / sizeof *strays; i++) {
        if (strays[i].pid != process->pid) continue;
        strays[i].pid = 0;
        ended(process, strays[i].status);
        return true;
    }
    return false;
}

/* The terminal takes the place of the pipes: one end for output, one for input, and its own peer. */
void process_take_terminal(struct process *process, const int descriptors[2]) {
    fcntl(descriptors[0], F_SETFL, O_NONBLOCK | O_RDWR);
    process->output[0] = descriptors[0];
    process->input = fcntl(descriptors[0], F_DUPFD_CLOEXEC, 3);
    process->slave = descriptors[1];
}

/* Another one has it now. */
void process_forget_terminal(struct process *process) {
    close_descriptor(&process->output[0]);
    close_descriptor(&process->input);
    close_descriptor(&process->slave);
}

/* Told when its end is known and it has run: so not before the program that starts it is done. */
void process_exited(struct process *process) {
    if (process->state != RUNNING) return;
    process->state = EXITED;
    close_descriptor(&process->pidfd);
    close_descriptor(&process->slave);
    close_descriptor(&process->input);
    journal_exit(process);
    clients_send_exit(process, false);
}

/* Whether its end is somebody else's to wait for: an attached shim whose client does not wait for the end itself
 * leaves its process, by then perhaps a zombie. */
static bool is_left(const struct process *process) {
    if (!shim.attached || process->id != 0) return false;
    for (const struct client *client = shim.clients; client != NULL; client = client->next)
        if (client->watch) return false;
    const struct shared *shared = process->state == STARTING ? process->run->shared : NULL;
    return process->state == RUNNING || process->state == EXITED || (shared != NULL && shared->exec && !shared->error);
}

/* The next child that has ended and was not known to have. 0: none. */
static pid_t next_end(int *status) {
    siginfo_t info = {0};
    const struct process *first = process_find(0);
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 || info.si_pid == 0) return 0;
    if (first == NULL || first->pid != info.si_pid || !is_left(first)) return waitpid(info.si_pid, status, WNOHANG | __WALL);
    *status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    return first->reaped ? 0 : first->pid;
}

/* Reaps everything first: the exits of execs must be told before the first process's own. */
void process_reap_all(void) {
    int status;
    for (pid_t pid; (pid = next_end(&status)) > 0;) reaped(pid, status);
    struct process *first = NULL;
    for (struct process *process = shim.processes; process != NULL; process = process->next) {
        start_stirred(process);
        if (!process->reaped) continue;
        if (process->id == 0)
            first = process;
        else
            process_exited(process);
    }
    if (first != NULL) process_exited(first);
}

bool process_is_blocked(const struct process *process) {
    for (const struct client *client = shim.clients; client != NULL; client = client->next)
        if (client->queued >= QUEUE_LIMIT && has(client->output_of, process->id)) return true;
    return false;
}

static void close_output(struct process *process, int stream) {
    close_descriptor(&process->output[stream]);
    if (process->id == 0) log_end(&shim.log, &process->tails[stream], stream);
}

void process_read(struct process *process, int stream) {
    static uint8_t buffer[sizeof(struct frame) + CHUNK] __attribute__((aligned(4096)));
    uint8_t *bytes = buffer + sizeof(struct frame);
    int size = check(read(process->output[stream], bytes, CHUNK));
    if (size == -EAGAIN || size == -EINTR) return;
    /* EIO is how a terminal says that nobody has it open any more. */
    if (size <= 0) return close_output(process, stream);
    process->quiet_since = nanoseconds(CLOCK_MONOTONIC);
    if (process->id == 0) log_write(&shim.log, &process->tails[stream], stream, bytes, (size_t)size);
    struct frame frame = {(uint32_t)size, FRAME_OUTPUT, (uint8_t)(1 + stream), process->id};
    memcpy(buffer, &frame, sizeof frame);
    clients_send_output(process->id, buffer, sizeof frame + (size_t)size);
}

/* A child in the background can hold the pipes for ever. Silence ends that; a slow client is not silence. */
static void settle(struct process *process, uint64_t now) {
    if (process_is_blocked(process)) process->quiet_since = now;
    for (int stream = 0; stream < 2; stream++)
        if (process->output[stream] >= 0 && now - process->quiet_since >= SILENCE) close_output(process, stream);
    if (process->output[0] >= 0 || process->output[1] >= 0) return;
    process->settled = true;
    clients_send_exit(process, true);
}

/* Returns how long poll may sleep in milliseconds: until the next silence is long enough. */
int process_settle_all(void) {
    uint64_t now = nanoseconds(CLOCK_MONOTONIC), wait = ~(uint64_t)0;
    for (struct process *process = shim.processes; process != NULL; process = process->next) {
        if (process->state != EXITED || process->settled) continue;
        settle(process, now);
        if (process->settled || process_is_blocked(process)) continue;
        uint64_t left = process->quiet_since + SILENCE - now;
        if (left < wait) wait = left;
    }
    return wait == ~(uint64_t)0 ? -1 : (int)(wait / 1000000u) + 1;
}
