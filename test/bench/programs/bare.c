/*
 * bare COUNT NETWORK LOWER FOLDER: the floor. COUNT times: a process in new mount, UTS, IPC, PID and (NETWORK 1)
 * network namespaces, an overlay over LOWER, the usual mounts and devices, pivot_root, /bin/true, exit. Prints the
 * nanoseconds of each, from clone to the reaped exit. No cgroup, no capability, no filter, no log, nobody told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *folder, *lower;

#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        if ((call) < 0) {                                                                                              \
            perror(#call);                                                                                             \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

static void mount_at(const char *type, const char *target, unsigned long flags, const char *data) {
    if (mkdir(target, 0755) < 0 && errno != EEXIST) MUST(-1);
    MUST(mount(type, target, type, flags, data));
}

static void make_device(const char *path, int minor_number) {
    MUST(mknod(path, S_IFCHR | 0666, makedev(1, minor_number)));
}

static int container(void *unused) {
    (void)unused;
    char options[1024];
    MUST(chdir(folder));
    MUST(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=upper,workdir=work", lower);
    MUST(mount("overlay", "root", "overlay", 0, options));
    MUST(chdir("root"));
    unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;
    mount_at("proc", "proc", safe, NULL);
    mount_at("tmpfs", "dev", MS_NOSUID, "mode=755,size=65536k");
    mount_at("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
    mount_at("sysfs", "sys", safe | MS_RDONLY, NULL);
    mount_at("mqueue", "dev/mqueue", safe, NULL);
    mount_at("tmpfs", "dev/shm", safe, "mode=1777,size=65536k");
    make_device("dev/null", 3);
    make_device("dev/zero", 5);
    make_device("dev/full", 7);
    make_device("dev/random", 8);
    make_device("dev/urandom", 9);
    MUST(syscall(SYS_pivot_root, ".", "."));
    MUST(umount2(".", MNT_DETACH));
    MUST(sethostname("bare", 4));
    char *argv[] = {"/bin/true", NULL}, *env[] = {"PATH=/bin", NULL};
    MUST(execve(argv[0], argv, env));
    return 1;
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    static char stack[64 << 10] __attribute__((aligned(16)));
    lower = argv[3];
    folder = argv[4];
    int flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | (atoi(argv[2]) ? CLONE_NEWNET : 0);
    for (int i = 0; i < atoi(argv[1]); i++) {
        long long began = now();
        int status;
        pid_t pid = clone(container, stack + sizeof stack, flags | CLONE_VFORK | SIGCHLD, NULL);
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) return 1;
        printf("%lld\n", now() - began);
    }
    return 0;
}
