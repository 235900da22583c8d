#include "probe.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What was reported so far is told before anything that may take long, or be the end. */
static void tell(void) {
    json_number(0);
    json_close('}');
    json_flush(1);
}

/* Until it is killed; as pid 1 it buries what becomes its child. */
static void wait_for_ever(const struct word *word) {
    (void)word;
    tell();
    for (;;)
        if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) usleep(20000);
}

static void end(const struct word *word) {
    tell();
    _exit(number(word, 1));
}

static void die(const struct word *word) {
    tell();
    signal(number(word, 1), SIG_DFL);
    kill(getpid(), number(word, 1));
    _exit(122);
}

static int code;
static void on_signal(int number) {
    (void)number;
    _exit(code);
}

/* trap SIGNAL CODE: from here on that signal ends it with that code. */
static void trap(const struct word *word) {
    code = number(word, 2);
    signal(number(word, 1), on_signal);
    json_number(0);
}

static void sleep_for(const struct word *word) {
    long ms = number(word, 1);
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    json_number(0);
}

/* await PATH: until it exists. */
static void await_file(const struct word *word) {
    for (int turn = 0; turn < 12000 && access(field(word, 1), F_OK); turn++) usleep(10000);
    json_result(access(field(word, 1), F_OK));
}

/* child: one that sleeps for ever, its pid here. */
static void child(const struct word *word) {
    (void)word;
    pid_t pid = fork();
    if (pid == 0)
        for (;;) pause();
    json_number(pid);
}

const struct entry waits[] = {
    {"wait", wait_for_ever}, {"exit", end}, {"die", die}, {"trap", trap}, {"sleep", sleep_for}, {"await", await_file},
    {"child", child}, {0},
};
