/* From bytes to a plan. The bytes are hostile: nothing is believed that was not compared. */
#include <stdlib.h>
#include <string.h>
#include "plan.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "plans are read in place, which needs a little endian machine"
#endif

enum { FORM_TEXT = 0, FORM_LIST = 1 };

struct shape {
    uint8_t tracks, numbers, strings, forms[PLAN_MAX_STRINGS];
};

static const struct shape shapes[PLAN_KIND_LIMIT] = {
#define X(name, code, tracks, numbers, strings, ...) [code] = {tracks, numbers, strings, {__VA_ARGS__}},
    PLAN_KINDS(X)
#undef X
};

struct plan_header {
    char magic[4];
    uint16_t version, zero;
    uint32_t size, count;
};

struct record_header {
    uint16_t kind;
    uint8_t track, flags;
    uint32_t size;
    uint16_t numbers, strings;
    uint32_t zero;
};

static size_t align8(size_t size) {
    return (size + 7) & ~(size_t)7;
}

static bool all_zero(const uint8_t *from, const uint8_t *to) {
    while (from < to)
        if (*from++ != 0) return false;
    return true;
}

static bool well_formed(const struct text *text, unsigned form) {
    if (form == FORM_TEXT) return memchr(text->data, 0, text->size) == NULL;
    if (form == FORM_LIST) return text->size == 0 || text->data[text->size - 1] == 0;
    return text->size % form == 0;
}

/* The lengths, then the strings: `bytes` is what is left of the record behind its numbers. */
static int decode_strings(struct record *record, const struct shape *shape, const uint8_t *bytes, size_t size) {
    size_t lengths = 4 * (size_t)shape->strings, at = align8(lengths);
    if (at > size || !all_zero(bytes + lengths, bytes + at)) return -EINVAL;
    for (unsigned i = 0; i < shape->strings; i++) {
        uint32_t length;
        memcpy(&length, bytes + 4 * (size_t)i, 4);
        if (length >= size - at || bytes[at + length] != 0) return -EINVAL;
        record->strings[i] = (struct text){(const char *)bytes + at, length};
        if (!well_formed(&record->strings[i], shape->forms[i])) return -EINVAL;
        at += (size_t)length + 1;
        if (at == size && i + 1u < shape->strings) return -EINVAL;
    }
    return align8(at) == size && all_zero(bytes + at, bytes + size) ? 0 : -EINVAL;
}

static int decode_record(struct record *record, const uint8_t *bytes, size_t left) {
    const struct record_header *header = (const void *)bytes;
    if (left < sizeof *header) return -EINVAL;
    if (header->kind >= PLAN_KIND_LIMIT || shapes[header->kind].tracks == 0) return -EINVAL;
    const struct shape *shape = &shapes[header->kind];
    size_t fixed = sizeof *header + 8 * (size_t)shape->numbers;
    if (header->track > TRACK_CONTAINER || !(shape->tracks & (1u << header->track))) return -EINVAL;
    if (header->flags > (RECORD_SOFT | RECORD_INJECT) || header->zero != 0) return -EINVAL;
    if (header->numbers != shape->numbers || header->strings != shape->strings) return -EINVAL;
    if (header->size % 8 != 0 || header->size < fixed || header->size > left) return -EINVAL;
    record->kind = header->kind;
    record->track = header->track;
    record->flags = header->flags;
    record->numbers = (const uint64_t *)(const void *)(bytes + sizeof *header);
    int error = decode_strings(record, shape, bytes + fixed, header->size - fixed);
    return error < 0 ? error : (int)header->size;
}

size_t list_items(const struct text *list, char **items) {
    size_t count = 0;
    for (uint32_t at = 0; at < list->size; at += (uint32_t)strlen(list->data + at) + 1, count++)
        if (items != NULL) items[count] = (char *)(uintptr_t)(list->data + at);
    return count;
}

static char *no_arguments[] = {NULL};

static int decode_arguments(struct plan *plan, const struct record *execve) {
    const struct text *argv = &execve->strings[S_execve_argv], *env = &execve->strings[S_execve_env];
    size_t arguments = list_items(argv, NULL), variables = list_items(env, NULL);
    if (arguments == 0 || execve->strings[S_execve_candidates].size == 0) return -EINVAL;
    plan->argv = calloc(arguments + variables + 2, sizeof *plan->argv);
    if (plan->argv == NULL) return -ENOMEM;
    plan->env = plan->argv + arguments + 1;
    list_items(argv, plan->argv);
    list_items(env, plan->env);
    return 0;
}

/* One process, made by one spawn; its track ends in the only execve. Or one that another program makes. */
static int check_order(struct plan *plan) {
    const struct record *last = NULL;
    unsigned spawns = 0, execs = 0, adopts = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct record *record = &plan->records[i];
        if (record->track == TRACK_CONTAINER) last = record;
        spawns += record->kind == KIND_spawn;
        execs += record->kind == KIND_execve;
        adopts += record->kind == KIND_adopt;
    }
    plan->adopts = adopts == 1;
    plan->argv = plan->env = no_arguments;
    if (adopts > 0) return plan->adopts && spawns == 0 && last == NULL ? 0 : -EINVAL;
    if (spawns != 1 || execs != 1 || last->kind != KIND_execve) return -EINVAL;
    return decode_arguments(plan, last);
}

static int decode_records(struct plan *plan, const uint8_t *bytes, size_t size) {
    size_t at = sizeof(struct plan_header);
    for (uint32_t i = 0; i < plan->count; i++) {
        int length = decode_record(&plan->records[i], bytes + at, size - at);
        if (length < 0) return length;
        at += (size_t)length;
    }
    return at == size ? check_order(plan) : -EINVAL;
}

int plan_decode(struct plan *plan, const uint8_t *bytes, size_t size) {
    struct plan_header header;
    *plan = (struct plan){0};
    if (size < sizeof header || size > PLAN_MAX_BYTES) return -EINVAL;
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.magic, "BPLN", 4) != 0 || header.version != 1 || header.zero != 0) return -EINVAL;
    if (header.size != size || header.count > PLAN_MAX_RECORDS) return -EINVAL;
    if (header.count > size / sizeof(struct record_header)) return -EINVAL;
    plan->records = calloc(header.count + 1u, sizeof *plan->records);
    if (plan->records == NULL) return -ENOMEM;
    plan->count = header.count;
    int error = decode_records(plan, bytes, size);
    if (error < 0) plan_free(plan);
    return error;
}

void plan_free(struct plan *plan) {
    free(plan->records);
    if (plan->argv != no_arguments) free(plan->argv);
    *plan = (struct plan){0};
}
