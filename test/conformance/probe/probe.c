#include "probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *field(const struct word *word, int at) { return at < word->argc ? word->argv[at] : ""; }

long number(const struct word *word, int at) { return strtol(field(word, at), NULL, 0); }

static const struct entry *find(const char *name) {
    const struct entry *tables[] = {file_reports, process_reports, actions, waits};
    for (size_t at = 0; at < sizeof tables / sizeof *tables; at++)
        for (const struct entry *entry = tables[at]; entry->name; entry++)
            if (!strcmp(entry->name, name)) return entry;
    return NULL;
}

static struct word split(char *text) {
    struct word word = {0};
    char *rest = NULL;
    for (char *part = strtok_r(text, " ", &rest); part && word.argc < MAX_FIELDS; part = strtok_r(NULL, " ", &rest))
        word.argv[word.argc++] = part;
    return word;
}

int main(int argc, char **argv) {
    static char copy[65536];
    json_open('{');
    for (int at = 1; at < argc; at++) {
        snprintf(copy, sizeof copy, "%s", argv[at]);
        struct word word = split(copy);
        const struct entry *entry = word.argc ? find(word.argv[0]) : NULL;
        if (!entry) {
            fprintf(stderr, "probe: no such word: %s\n", argv[at]);
            return 121;
        }
        json_key(argv[at]);
        entry->answer(&word);
    }
    json_close('}');
    json_flush(1);
    return 0;
}
