/*
 * A program that tells what it sees from inside a container: `probe WORD...`. Each word is a report, an action or
 * something to wait for; fields of a word are separated by blanks. The answers are one JSON object, by the word.
 */
#ifndef PROBE_H
#define PROBE_H
#define _GNU_SOURCE

#define MAX_FIELDS 12

/* A word, split at its blanks: argv[0] is its name. */
struct word {
    int argc;
    char *argv[MAX_FIELDS + 1];
};

typedef void answer_fn(const struct word *word);
struct entry {
    const char *name;
    answer_fn *answer;
};

/* json.c: all writes go to a buffer, until json_flush. */
void json_key(const char *key);
void json_text(const char *text);
void json_bytes(const char *bytes, unsigned long size);
void json_number(long long value);
void json_open(char bracket);
void json_close(char bracket);
void json_flush(int descriptor);
/* "ok", or the name of errno, for a result as system calls have it. */
void json_result(long result);

/* Field `at` of a word; empty when there are fewer. */
const char *field(const struct word *word, int at);
long number(const struct word *word, int at);

extern const struct entry file_reports[], process_reports[], actions[], waits[];

#endif
