/* The one loop: every record of a plan goes through execute_record. */
#include "plan.h"

static int (*const functions[PLAN_KIND_LIMIT])(struct run *, const struct record *) = {
#define X(name, code, ...) [code] = record_##name,
    PLAN_KINDS(X)
#undef X
};

int execute_record(struct run *run, uint32_t index) {
    const struct record *record = &run->plan.records[index];
    struct report_entry *entry = &run->shared->entries[index];
    uint64_t since = run->waiting_since ? run->waiting_since : nanoseconds(CLOCK_MONOTONIC);
    entry->run = 1;
    int error = record->flags & RECORD_INJECT ? -ECANCELED : functions[record->kind](run, record);
    run->waiting_since = error == WAITS ? since : 0;
    if (error == WAITS) return error;
    entry->nanoseconds = nanoseconds(CLOCK_MONOTONIC) - since;
    entry->error = error < 0 ? -error : 0;
    return record->flags & RECORD_SOFT ? 0 : -entry->error;
}

_Noreturn void execute_container(struct run *run) {
    struct shared *shared = run->shared;
    for (uint32_t i = 0; i < run->plan.count && shared->error == 0; i++) {
        if (run->plan.records[i].track != TRACK_CONTAINER) continue;
        shared->current = i;
        shared->error = -execute_record(run, i);
    }
    /* Only a soft execve that failed gets here without an error. */
    if (shared->error == 0) shared->error = ENOEXEC;
    gate_report(run);
    _exit(1);
}
