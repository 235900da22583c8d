/*
 * fuzz_decode SEED SECONDS FILE...: mutates plans and decodes them, under ASan and UBSan.
 * A plan that is accepted is read to its last byte, so that a wrong length is found.
 * Prints how many were tried and how many accepted. The same seed tries the same plans.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../plan.h"

enum { SEEDS = 64 };
static uint64_t state;
static volatile unsigned sink;

static uint32_t random32(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static uint32_t below(uint32_t limit) {
    return limit == 0 ? 0 : random32() % limit;
}

static void touch(const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) sink += ((const uint8_t *)bytes)[i];
}

static void walk(const struct plan *plan) {
    static const struct { uint8_t numbers, strings; } counts[PLAN_KIND_LIMIT] = {
#define X(name, code, tracks, numbers, strings, ...) [code] = {numbers, strings},
        PLAN_KINDS(X)
#undef X
    };
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct record *record = &plan->records[i];
        touch(record->numbers, 8u * counts[record->kind].numbers);
        for (unsigned s = 0; s < counts[record->kind].strings; s++)
            touch(record->strings[s].data, record->strings[s].size + 1);
    }
    if (plan->argv == NULL) return; /* a plan that adopts */
    for (char **item = plan->argv; *item != NULL; item++) touch(*item, strlen(*item) + 1);
    for (char **item = plan->env; *item != NULL; item++) touch(*item, strlen(*item) + 1);
}

/* Values that lengths go wrong at, among plain noise. */
static void mutate(uint8_t *bytes, size_t *size, size_t room) {
    static const uint32_t edges[] = {0, 1, 7, 8, 15, 16, 255, 0x7fff, 0xffff, 0x100000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
    size_t at = below((uint32_t)*size);
    uint32_t edge = edges[below(sizeof edges / sizeof *edges)];
    switch (below(8)) {
    case 0: bytes[at] ^= (uint8_t)(1u << below(8)); break;
    case 1: bytes[at] = (uint8_t)random32(); break;
    case 2: at &= ~(size_t)3; if (at + 4 <= *size) memcpy(bytes + at, &edge, 4); break;
    case 3: at &= ~(size_t)1; if (at + 2 <= *size) memcpy(bytes + at, &edge, 2); break;
    case 4: *size = at; break;
    case 5: { size_t from = below((uint32_t)*size) & ~7u, length = below(64) & ~7u; at &= ~(size_t)7; if (from + length <= *size && at + length <= *size) memmove(bytes + at, bytes + from, length); break; }
    case 6: { uint32_t length = below(32); if (*size + length <= room) { memset(bytes + *size, (int)below(256), length); *size += length; } break; }
    default: bytes[at] += (uint8_t)(below(3) * 4); break;
    }
    /* Most of the time with the right size in its header: the rest of the decoder is the aim. */
    uint32_t told = (uint32_t)*size;
    if (*size >= 12 && below(4) != 0) memcpy(bytes + 8, &told, 4);
}

static bool try_one(const uint8_t *seed, size_t seed_size, uint32_t turns) {
    static uint8_t scratch[1 << 16];
    size_t size = seed_size;
    memcpy(scratch, seed, seed_size);
    for (; turns > 0; turns--) mutate(scratch, &size, sizeof scratch);
    /* A block of exactly this size, so that one byte too many is seen. */
    uint8_t *exact = malloc(size + (size == 0));
    struct plan plan;
    if (exact == NULL) abort();
    memcpy(exact, scratch, size);
    bool accepted = plan_decode(&plan, exact, size) == 0;
    if (accepted) walk(&plan);
    plan_free(&plan);
    free(exact);
    return accepted;
}

int main(int count, char **arguments) {
    static uint8_t seeds[SEEDS][1 << 15];
    size_t sizes[SEEDS], tried = 0, accepted = 0;
    int loaded = 0;
    if (count < 4) return 2;
    state = strtoull(arguments[1], NULL, 10);
    for (int i = 3; i < count && loaded < SEEDS; i++) {
        FILE *file = fopen(arguments[i], "rb");
        if (file == NULL) return 2;
        sizes[loaded] = fread(seeds[loaded], 1, sizeof seeds[loaded], file);
        fclose(file);
        /* A seed that is not a plan itself would test nothing. */
        if (!try_one(seeds[loaded], sizes[loaded], 0)) {
            fprintf(stderr, "not a plan: %s\n", arguments[i]);
            return 3;
        }
        loaded++;
    }
    uint64_t until = nanoseconds(CLOCK_MONOTONIC) + strtoull(arguments[2], NULL, 10) * 1000000000u;
    while (nanoseconds(CLOCK_MONOTONIC) < until)
        for (int i = 0; i < 1000; i++, tried++) {
            uint32_t seed = below((uint32_t)loaded);
            accepted += try_one(seeds[seed], sizes[seed], below(5));
        }
    printf("%zu %zu\n", tried, accepted);
    return 0;
}
