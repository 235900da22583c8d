#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* open PATH r|w|rw|create */
static void open_file(const struct word *word) {
    const char *how = field(word, 2);
    int flags = !strcmp(how, "rw") ? O_RDWR : !strcmp(how, "w") ? O_WRONLY : O_RDONLY;
    if (!strcmp(how, "create")) flags = O_WRONLY | O_CREAT;
    int file = open(field(word, 1), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    json_result(file);
    if (file >= 0) close(file);
}

/* write PATH TEXT: one write, without making the file. */
static void write_file(const struct word *word) {
    int file = open(field(word, 1), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    json_result(file < 0 ? -1 : write(file, field(word, 2), strlen(field(word, 2))));
    if (file >= 0) close(file);
}

/* say DESCRIPTOR TEXT */
static void say(const struct word *word) { json_result(write(number(word, 1), field(word, 2), strlen(field(word, 2)))); }

/* hear DESCRIPTOR: what one read gives. */
static void hear(const struct word *word) {
    char text[4096];
    ssize_t got = read(number(word, 1), text, sizeof text);
    if (got < 0) json_result(-1);
    else json_bytes(text, got);
}

static void make_folder(const struct word *word) { json_result(mkdir(field(word, 1), 0777)); }
static void remove_file(const struct word *word) { json_result(remove(field(word, 1))); }
static void change_mode(const struct word *word) { json_result(chmod(field(word, 1), number(word, 2))); }
static void change_owner(const struct word *word) {
    json_result(chown(field(word, 1), number(word, 2), number(word, 3)));
}

/* mknod PATH c|b|p MAJOR MINOR */
static void make_device(const struct word *word) {
    mode_t type = *field(word, 2) == 'c' ? S_IFCHR : *field(word, 2) == 'b' ? S_IFBLK : S_IFIFO;
    json_result(mknod(field(word, 1), type | 0600, makedev(number(word, 3), number(word, 4))));
}

/* mount SOURCE TARGET TYPE FLAGS */
static void mount_it(const struct word *word) {
    json_result(mount(field(word, 1), field(word, 2), field(word, 3), number(word, 4), NULL));
}
static void unmount(const struct word *word) { json_result(umount2(field(word, 1), number(word, 2))); }
static void unshare_it(const struct word *word) { json_result(unshare(number(word, 1))); }
static void set_name(const struct word *word) {
    json_result(sethostname(field(word, 1), strlen(field(word, 1))));
}
static void become(const struct word *word) { json_result(setuid(number(word, 1))); }
static void root(const struct word *word) { json_result(chroot(field(word, 1))); }
static void signal_it(const struct word *word) { json_result(kill(number(word, 1), number(word, 2))); }
static void make_socket(const struct word *word) {
    int made = socket(number(word, 1), number(word, 2), number(word, 3));
    json_result(made);
    if (made >= 0) close(made);
}

/* syscall NUMBER ARG...: its errno's name, or ok. */
static void call(const struct word *word) {
    json_result(syscall(number(word, 1), number(word, 2), number(word, 3), number(word, 4), number(word, 5),
                        number(word, 6), number(word, 7)));
}

/* A process that does something: its wait status, as shells say it. */
static void json_end(pid_t pid) {
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) < 0) return json_result(-1);
    json_number(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* try NUMBER ARG...: the call in a child, for those that may kill; exit code 0, the errno, or 128 and the signal. */
static void try_call(const struct word *word) {
    pid_t pid = fork();
    if (pid == 0) {
        long result = syscall(number(word, 1), number(word, 2), number(word, 3), number(word, 4), number(word, 5));
        _exit(result < 0 ? errno : 0);
    }
    json_end(pid);
}

/* run PROGRAM ARG... */
static void run(const struct word *word) {
    pid_t pid = fork();
    if (pid == 0) {
        execv(field(word, 1), word->argv + 1);
        _exit(errno);
    }
    json_end(pid);
}

/* fork COUNT: how many processes can be had at once. */
static void fork_many(const struct word *word) {
    long wanted = number(word, 1), made = 0;
    pid_t pids[256];
    for (; made < wanted && made < 256; made++)
        if ((pids[made] = fork()) < 0) break;
        else if (pids[made] == 0) pause(), _exit(0);
    json_number(made);
    for (long at = 0; at < made; at++) kill(pids[at], 9), waitpid(pids[at], NULL, 0);
}

/* touch-memory MEGABYTES: in a child, which may be killed for it. */
static void touch_memory(const struct word *word) {
    pid_t pid = fork();
    if (pid == 0) {
        size_t size = (size_t)number(word, 1) << 20;
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) _exit(errno);
        for (size_t at = 0; at < size; at += 4096) memory[at] = 1;
        _exit(0);
    }
    json_end(pid);
}

const struct entry actions[] = {
    {"open", open_file},       {"write", write_file},     {"say", say},
    {"hear", hear},            {"mkdir", make_folder},    {"remove", remove_file},
    {"chmod", change_mode},    {"chown", change_owner},   {"mknod", make_device},
    {"mount", mount_it},       {"umount", unmount},       {"unshare", unshare_it},
    {"sethostname", set_name}, {"setuid", become},        {"chroot", root},
    {"kill", signal_it},       {"socket", make_socket},   {"syscall", call},
    {"try", try_call},         {"run", run},              {"fork", fork_many},
    {"touch-memory", touch_memory}, {0},
};
