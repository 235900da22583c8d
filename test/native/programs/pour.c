/*
 * pour SIZE [PAUSE_US]: writes SIZE pseudo-random bytes to standard output, in pieces of odd sizes.
 * pour -sum: reads standard input to its end and prints its length and checksum.
 * The same generator and checksum are in stdio.test.ts.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint8_t buffer[60013];

static int sum(void) {
    uint32_t sum = 0;
    uint64_t size = 0;
    for (ssize_t got; (got = read(0, buffer, sizeof buffer)) > 0; size += (uint64_t)got)
        for (ssize_t i = 0; i < got; i++) sum = sum * 31 + buffer[i];
    printf("%llu %u\n", (unsigned long long)size, sum);
    return 0;
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "-sum") == 0) return sum();
    uint64_t size = strtoull(arguments[1], NULL, 10);
    uint32_t state = 1;
    while (size > 0) {
        size_t piece = size < sizeof buffer ? size : sizeof buffer;
        for (size_t i = 0; i < piece; i++) buffer[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
        for (size_t at = 0; at < piece;) {
            ssize_t written = write(1, buffer + at, piece - at);
            if (written < 0) return 1;
            at += (size_t)written;
        }
        size -= piece;
        if (count > 2) usleep((useconds_t)atoi(arguments[2]));
    }
    return 0;
}
