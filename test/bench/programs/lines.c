/*
 * lines RATE SECONDS: writes RATE numbered lines of 100 bytes a second, in a hundred writes of equal size each second,
 * as a busy program with a buffer of its own does, and ends. Late writes are made up for: the sum is always the same.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 100, WRITES = 100 };

static void write_all(const char *data, size_t size) {
    while (size > 0) {
        ssize_t done = write(1, data, size);
        if (done < 0) _exit(1);
        data += done;
        size -= (size_t)done;
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    long rate = atol(argv[1]), seconds = atol(argv[2]), number = 0;
    size_t size = (size_t)(rate / WRITES) * LINE;
    char *buffer = malloc(size + 1);
    if (buffer == NULL) return 1;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long turn = 0; turn < seconds * WRITES; turn++) {
        for (size_t at = 0; at < size; at += LINE) {
            int length = snprintf(buffer + at, LINE, "line %ld ", number++);
            memset(buffer + at + length, '.', (size_t)(LINE - 1 - length));
            buffer[at + LINE - 1] = '\n';
        }
        write_all(buffer, size);
        next.tv_nsec += 1000000000L / WRITES;
        if (next.tv_nsec >= 1000000000L) {
            next.tv_nsec -= 1000000000L;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    return 0;
}
