#include "probe.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buffer[1 << 20];
static size_t used;
/* Whether a comma is due before the next value. */
static int comma;

static void put(const char *bytes, size_t size) {
    if (used + size > sizeof buffer) _exit(120);
    memcpy(buffer + used, bytes, size);
    used += size;
}

static void separate(void) {
    if (comma) put(",", 1);
    comma = 1;
}

static void quoted(const char *bytes, size_t size) {
    put("\"", 1);
    for (size_t at = 0; at < size; at++) {
        unsigned char c = bytes[at];
        char escaped[8];
        /* Bytes beyond ASCII as Latin-1: what a container has in its files need not be UTF-8. */
        if (c < ' ' || c == '"' || c == '\\' || c > 126) put(escaped, snprintf(escaped, sizeof escaped, "\\u%04x", c));
        else put((char *)&c, 1);
    }
    put("\"", 1);
}

void json_key(const char *key) {
    separate();
    quoted(key, strlen(key));
    put(":", 1);
    comma = 0;
}

void json_bytes(const char *bytes, unsigned long size) {
    separate();
    quoted(bytes, size);
}

void json_text(const char *text) { json_bytes(text, strlen(text)); }

void json_number(long long value) {
    char text[32];
    separate();
    put(text, snprintf(text, sizeof text, "%lld", value));
}

void json_open(char bracket) {
    separate();
    put(&bracket, 1);
    comma = 0;
}

void json_close(char bracket) {
    put(&bracket, 1);
    comma = 1;
}

void json_flush(int descriptor) {
    put("\n", 1);
    for (size_t at = 0; at < used;) {
        ssize_t put_now = write(descriptor, buffer + at, used - at);
        if (put_now < 0) break;
        at += put_now;
    }
    used = 0;
    comma = 0;
}

void json_result(long result) {
    const char *name = result < 0 ? strerrorname_np(errno) : "ok";
    json_text(name ? name : "unknown errno");
}
