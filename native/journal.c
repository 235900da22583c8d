/* The journal: what the next berthd believes. One line, one write, before anybody is told. */
#include <fcntl.h>
#include <string.h>
#include "process.h"

int journal_open(const char *path) {
    shim.journal = check(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    return shim.journal < 0 ? shim.journal : 0;
}

void journal_write(const char *event, const int64_t *values, unsigned count) {
    char line[128], *at = stpcpy(line, event);
    for (unsigned i = 0; i < count; i++) {
        *at++ = ' ';
        if (values[i] < 0) *at++ = '-';
        at = print_number(at, values[i] < 0 ? -(uint64_t)values[i] : (uint64_t)values[i], 1);
    }
    *at++ = '\n';
    /* A full disk must not stop a container; the daemon then asks the shim itself (STATE). */
    ssize_t written = shim.journal < 0 ? 0 : write(shim.journal, line, (size_t)(at - line));
    (void)written;
}
