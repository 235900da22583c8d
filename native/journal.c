/* The journal: what the next berthd believes. One line, one write, before anybody is told. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "shim.h"

enum { JOURNAL_LIMIT = 64 * 1024 };

static int open_journal(const char *path, int flags) {
    return check(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
}

int journal_open(const char *path) {
    shim.journal = open_journal(path, 0);
    shim.journal_path = strdup(path);
    return shim.journal < 0 ? shim.journal : shim.journal_path == NULL ? -ENOMEM : 0;
}

static void append(const char *event, const int64_t *values, unsigned count) {
    char line[128], *at = stpcpy(line, event);
    for (unsigned i = 0; i < count; i++) {
        *at++ = ' ';
        if (values[i] < 0) *at++ = '-';
        at = print_number(at, values[i] < 0 ? -(uint64_t)values[i] : (uint64_t)values[i], 1);
    }
    *at++ = '\n';
    /* A full disk must not stop a container; the daemon then asks the shim itself (STATE). */
    if (write(shim.journal, line, (size_t)(at - line)) > 0) shim.journal_size += (size_t)(at - line);
}

void journal_start(const struct process *process) {
    append("start", (int64_t[]){process->id, process->pid, (int64_t)process->started}, 3);
}

void journal_exit(const struct process *process) {
    append("exit", (int64_t[]){process->id, process->code, process->signal, (int64_t)process->finished}, 4);
}

void journal_fail(const struct process *process, uint64_t time) {
    int64_t record = process->failed == NO_RECORD ? -1 : (int64_t)process->failed;
    append("fail", (int64_t[]){process->id, record, process->error, (int64_t)time}, 4);
}

/* A probe is an exec every few seconds, for months: when the file is long it starts anew with what is known. */
void journal_shorten(void) {
    char fresh[PATH_MAX];
    if (shim.journal_size < JOURNAL_LIMIT) return;
    snprintf(fresh, sizeof fresh, "%s.new", shim.journal_path);
    AUTO_FD old = shim.journal;
    shim.journal = open_journal(fresh, O_TRUNC);
    shim.journal_size = 0;
    for (const struct process *process = shim.processes; process != NULL; process = process->next) {
        if (process->state == RUNNING || process->state == EXITED) journal_start(process);
        if (process->state == EXITED) journal_exit(process);
    }
    if (shim.journal >= 0 && rename(fresh, shim.journal_path) == 0) return;
    close_descriptor(&shim.journal);
    shim.journal = take(&old);
}
