/* One start: decode, run the host track, and find out how the process's own track ended. Nothing here
 * blocks; a start that waits for the process goes on when its socket has something to read. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "shim.h"
#include "plan.h"

static size_t shared_size(const struct run *run) {
    return sizeof(struct shared) + run->plan.count * sizeof(struct report_entry);
}

/* The plan is large and of no more use: the idle shim must be small. */
static void end_run(struct process *process) {
    struct run *run = process->run;
    if (run == NULL) return;
    if (run->shared != NULL) munmap(run->shared, shared_size(run));
    close_descriptor(&run->sync);
    close_descriptor(&run->join);
    forget_early(run);
    run_unkeep(run);
    for (int i = 0; i < 3; i++) close_descriptor(&run->stdio[i]);
    plan_free(&run->plan);
    free((void *)(uintptr_t)run->bytes);
    free(run);
    process->run = NULL;
}

/* STARTED and FAILED have the same shape: the report follows if there is one, then a note if something went wrong. */
static void tell(struct process *process, struct started_frame head) {
    const struct run *run = process->run;
    const struct shared *shared = run != NULL ? run->shared : NULL;
    size_t report = shared != NULL ? run->plan.count * sizeof(struct report_entry) : 0;
    uint32_t note = shared != NULL && head.error != 0 ? shared->note_size : 0;
    if (note > sizeof shared->note) note = 0; /* the process can write it, so nothing is believed */
    if (process->launcher == NULL) return;
    head.frame.process = process->id;
    head.frame.size = (uint32_t)(sizeof head - sizeof head.frame + report + note);
    client_send(process->launcher, &head, sizeof head);
    if (report > 0) client_send(process->launcher, shared->entries, report);
    if (note > 0) client_send(process->launcher, shared->note, note);
    process->launcher = NULL;
}

static void started(struct process *process) {
    process->state = RUNNING;
    process->created = false;
    process->started = nanoseconds(CLOCK_REALTIME);
    journal_start(process);
    tell(process, (struct started_frame){{0, FRAME_STARTED, 0, 0}, (uint32_t)process->pid, 0, process->started});
    end_run(process);
}

/* When there is no process (any more), nor what would make one: the end of a failed start. */
static void start_failed(struct process *process) {
    uint64_t time = nanoseconds(CLOCK_REALTIME);
    if ((process->pid > 0 && !process->reaped) || (process->run != NULL && process->run->helper > 0)) return;
    if (process->id == 0) shim_unlisten(); /* nobody may find the name of what never was */
    journal_fail(process, time);
    tell(process, (struct started_frame){{0, FRAME_FAILED, 0, 0}, process->failed, process->error, time});
    end_run(process);
    process->state = GONE;
}

/* Kills what there is; the answer is given when it is reaped, so that nothing is left by then. */
void start_fail(struct process *process, uint32_t record, int error) {
    const struct run *run = process->run;
    const struct shared *shared = run->shared;
    /* The host's step found nobody because the process had failed on its own: that is the cause to tell. */
    if ((error == -ESRCH || error == -EPIPE) && shared != NULL && (shared->error != 0 || run->peer_gone)) {
        record = shared->current;
        error = shared->error != 0 ? -shared->error : -ECHILD;
    }
    process->failed = record;
    process->error = -error;
    process->state = FAILING;
    process->created = false;
    if (process->pid > 0 && !process->reaped) kill(process->pid, SIGKILL);
    if (run->helper > 0) kill(-run->helper, SIGKILL);
    start_failed(process);
}

/* A child has ended: the process, or what its start waits for. */
void start_stirred(struct process *process) {
    if (process->state == STARTING) start_continue(process);
    /* Only now is it known that it never got to exec. What a program made may be gone before that program is. */
    if (process->state == STARTING && process->reaped && process->run->helper == 0)
        start_fail(process, NO_RECORD, -ECHILD);
    if (process->state == FAILING) start_failed(process);
}

int start_answer(struct process *process, int32_t error) {
    if (process->state != STARTING || process->run->asked != ASKED) return -ESRCH;
    process->run->asked = ANSWERED;
    process->run->answer = error;
    return 0;
}

/* The end of the socket means that the exec closed it, or that the process is no more. */
static void judge(struct process *process) {
    const struct shared *shared = process->run->shared;
    if (shared->error == 0 && shared->exec)
        started(process);
    else
        start_fail(process, shared->current, shared->error != 0 ? -shared->error : -ECHILD);
}

void start_continue(struct process *process) {
    struct run *run = process->run;
    int got = 0;
    while (run->sync >= 0 && !run->peer_gone && (got = sync_receive(run, MSG_DONTWAIT)) != -EAGAIN)
        run->peer_gone = got <= 0;
    for (; run->next < run->plan.count; run->next++) {
        if (run->plan.records[run->next].track != TRACK_HOST) continue;
        int error = execute_record(run, run->next);
        if (error == WAITS) return;
        if (error < 0) return start_fail(process, run->next, error);
    }
    if (run->plan.adopts) return started(process);
    if (run->peer_gone) judge(process);
}

static int share_report(struct run *run) {
    void *memory = mmap(NULL, shared_size(run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -errno;
    run->shared = memory;
    run->shared->current = NO_RECORD;
    return 0;
}

static int check_turn(uint16_t id) {
    struct process *first = process_find(0), *same = process_find(id);
    if (same != NULL && !same->settled) return -EEXIST;
    if (id == 0) return shim.begun ? -EEXIST : 0;
    return first == NULL || first->state != RUNNING ? -ESRCH : 0;
}

static struct run *new_run(struct process *process) {
    struct process *first = process_find(0);
    struct run *run = malloc(sizeof *run);
    if (run == NULL) return NULL;
    *run = (struct run){.process = process, .sync = -1, .stdio = {-1, -1, -1}, .join = -1};
    run->root = run->null_device = run->empty_folder = -1;
    run->first = first != NULL && first != process ? first->pidfd : -1;
    return process->run = run;
}

int start_process(struct client *client, uint16_t id) {
    int error = check_turn(id);
    struct process *process = error == 0 ? process_new(id) : NULL;
    if (process == NULL) return error == 0 ? -ENOMEM : error;
    if (id == 0) shim.begun = true;
    struct run *run = new_run(process);
    if (run == NULL) {
        process->state = GONE;
        return -ENOMEM;
    }
    process->launcher = client;
    put(client->stdin_of, id, client->frame.flags & WITH_STDIN);
    put(client->output_of, id, client->frame.flags & WITH_OUTPUT);
    run->bytes = client->payload;
    client->payload = NULL;
    error = plan_decode(&run->plan, run->bytes, client->frame.size);
    if (error == 0) error = share_report(run);
    if (error < 0)
        start_fail(process, NO_RECORD, error);
    else
        start_continue(process);
    return 0;
}
