/* The CRI log: whole lines or parts of 16 KiB, a time on each, rotation by size. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "shim.h"

enum { PARTS = 256, PREFIX = 40 };

/* Lines of one read, which share their time, on their way into one writev. */
struct batch {
    struct log *log;
    char full[PREFIX + 1], part[PREFIX + 1];
    struct iovec parts[PARTS];
    int count;
    size_t size;
};

char *print_number(char *at, uint64_t value, unsigned digits) {
    unsigned length = 1;
    for (uint64_t rest = value / 10; rest > 0; rest /= 10) length++;
    if (length < digits) length = digits;
    for (unsigned i = length; i > 0; i--, value /= 10) at[i - 1] = (char)('0' + value % 10);
    return at + length;
}

/* RFC 3339 in UTC. The date is reckoned in years that begin in March; libc's own reads time zone files. */
static void print_prefix(char prefix[PREFIX + 1], int stream) {
    uint64_t time = nanoseconds(CLOCK_REALTIME), seconds = time / 1000000000u;
    uint64_t days = seconds / 86400 + 719468, era = days / 146097, day = days % 146097;
    uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    uint64_t of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    const struct { uint64_t value; unsigned digits; char behind; } parts[] = {
        {year + era * 400 + (month >= 10), 4, '-'}, {month < 10 ? month + 3 : month - 9, 2, '-'},
        {of_year - (153 * month + 2) / 5 + 1, 2, 'T'}, {seconds / 3600 % 24, 2, ':'},
        {seconds / 60 % 60, 2, ':'}, {seconds % 60, 2, '.'}, {time % 1000000000u, 9, 'Z'},
    };
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        prefix = print_number(prefix, parts[i].value, parts[i].digits);
        *prefix++ = parts[i].behind;
    }
    strcpy(prefix, stream == 0 ? " stdout F " : " stderr F ");
}

static int open_log(const char *path, int flags) {
    return check(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags, 0640));
}

/* Puts `fd` in; on a failure the old file stays in use, since a line in it is better than none. */
static int use_file(struct log *log, int fd) {
    struct stat status;
    if (fd < 0) return fd;
    log->size = fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
    close_descriptor(&log->fd);
    log->fd = fd;
    return 0;
}

int log_open(struct log *log, const char *path, uint64_t limit, uint64_t files) {
    log->path = strdup(path);
    log->limit = limit;
    log->files = files > 0 ? files : 1;
    return log->path == NULL ? -ENOMEM : use_file(log, open_log(path, 0));
}

int log_reopen(struct log *log) {
    return log->path == NULL ? -ENOENT : use_file(log, open_log(log->path, 0));
}

static void numbered(char name[PATH_MAX], const char *path, uint64_t number) {
    if (number == 0)
        snprintf(name, PATH_MAX, "%s", path);
    else
        snprintf(name, PATH_MAX, "%s.%llu", path, (unsigned long long)number);
}

static void rotate(struct log *log) {
    char from[PATH_MAX], to[PATH_MAX];
    for (uint64_t number = log->files - 1; number > 0; number--) {
        numbered(from, log->path, number - 1);
        numbered(to, log->path, number);
        if (rename(from, to) < 0 && number == 1) return; /* and nothing is truncated */
    }
    use_file(log, open_log(log->path, log->files == 1 ? O_TRUNC : 0));
}

/* What does not fit on the disk is lost as a whole: half a line would spoil the next one too. */
static void flush(struct batch *batch) {
    struct log *log = batch->log;
    int written = batch->count > 0 ? check(writev(log->fd, batch->parts, batch->count)) : 0;
    struct stat status;
    if (written > 0 && (size_t)written < batch->size && fstat(log->fd, &status) == 0)
        written = ftruncate(log->fd, status.st_size - written) == 0 ? 0 : written;
    log->size += written > 0 ? (uint64_t)written : 0;
    batch->count = 0;
    batch->size = 0;
}

static void add(struct batch *batch, const void *bytes, size_t size) {
    batch->parts[batch->count++] = (struct iovec){(void *)(uintptr_t)bytes, size};
    batch->size += size;
}

/* One line of the file: what was kept from before, then `bytes`. */
static void emit(struct batch *batch, struct line_tail *tail, const char *prefix, const uint8_t *bytes, size_t size) {
    struct log *log = batch->log;
    size_t line = PREFIX + 1 + tail->size + size;
    if (batch->count + 4 > PARTS) flush(batch);
    if (log->limit > 0 && log->size + batch->size > 0 && log->size + batch->size + line > log->limit) {
        flush(batch);
        if (log->size > 0) rotate(log);
    }
    add(batch, prefix, PREFIX);
    add(batch, tail->bytes, tail->size);
    add(batch, bytes, size);
    add(batch, "\n", 1);
    if (tail->bytes == NULL) return;
    flush(batch); /* while its bytes are there */
    free(tail->bytes);
    *tail = (struct line_tail){0};
}

static void begin(struct batch *batch, struct log *log, int stream) {
    batch->log = log;
    batch->count = 0;
    batch->size = 0;
    print_prefix(batch->full, stream);
    memcpy(batch->part, batch->full, sizeof batch->part);
    batch->part[PREFIX - 2] = 'P';
}

/* The start of a line whose end has not come. Without memory it becomes a part of its own. */
static void keep(struct batch *batch, struct line_tail *tail, const uint8_t *bytes, size_t size) {
    if (tail->bytes == NULL) tail->bytes = malloc(batch->log->line_max);
    if (tail->bytes == NULL) return emit(batch, tail, batch->part, bytes, size);
    memcpy(tail->bytes + tail->size, bytes, size);
    tail->size += size;
}

void log_write(struct log *log, struct line_tail *tail, int stream, const uint8_t *bytes, size_t size) {
    if (log->fd < 0) return;
    struct batch batch;
    begin(&batch, log, stream);
    while (size > 0) {
        /* One byte more than fits: a line of exactly the limit is whole if its newline follows. */
        size_t room = log->line_max - tail->size, look = size <= room ? size : room + 1;
        const uint8_t *newline = memchr(bytes, '\n', look);
        size_t taken = newline != NULL ? (size_t)(newline - bytes) : look <= room ? look : room, text = taken;
        if (newline != NULL && log->drop_returns) {
            if (taken > 0)
                text -= bytes[taken - 1] == '\r';
            else if (tail->size > 0)
                tail->size -= tail->bytes[tail->size - 1] == '\r';
        }
        if (newline == NULL && look <= room)
            keep(&batch, tail, bytes, taken);
        else
            emit(&batch, tail, newline != NULL ? batch.full : batch.part, bytes, text);
        taken += newline != NULL;
        bytes += taken;
        size -= taken;
    }
    flush(&batch);
}

void log_end(struct log *log, struct line_tail *tail, int stream) {
    struct batch batch;
    if (log->fd < 0 || tail->size == 0) return;
    begin(&batch, log, stream);
    emit(&batch, tail, batch.part, NULL, 0);
}
