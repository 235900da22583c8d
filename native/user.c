/* User namespaces: one that the process is born into, and ones that exist for a mount's owners. */
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "plan.h"
#include "shim.h"

int setns(int fd, int type); /* <sched.h> and <linux/sched.h> do not go together everywhere */

RECORD(join_early) {
    if (run->early_count == sizeof run->early / sizeof *run->early) return -E2BIG;
    int namespace = check(open(TEXT(join_early, path), O_RDONLY | O_CLOEXEC));
    if (namespace >= 0) run->early[run->early_count++] = namespace;
    return namespace < 0 ? namespace : 0;
}

void forget_early(struct run *run) {
    while (run->early_count > 0) close(run->early[--run->early_count]);
}

static void reap(pid_t pid) {
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
}

/* A pid namespace belongs to the user namespace that its maker is in, and nobody comes back from one. So somebody
 * goes there who ends at once; the process is the shim's own child all the same. */
int clone_joined(struct run *run, struct clone_args *arguments) {
    struct clone_args helper = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
    struct shared *shared = run->shared;
    int pid = check(syscall(SYS_clone3, &helper, sizeof helper));
    if (pid < 0) return pid;
    if (pid > 0) {
        reap(pid);
        run->process->pidfd = shared->pid > 0 ? shared->pidfd : -1;
        return shared->pid != 0 ? shared->pid : -ECHILD;
    }
    arguments->flags |= CLONE_PARENT;
    arguments->exit_signal = 0; /* as the helper's */
    arguments->pidfd = (uintptr_t)&shared->pidfd;
    int born = 0;
    for (unsigned i = 0; i < run->early_count && born == 0; i++) born = check(setns(run->early[i], 0));
    if (born == 0 && run->join >= 0) born = check(setns(run->join, CLONE_NEWPID));
    if (born == 0) born = check(syscall(SYS_clone3, arguments, sizeof *arguments));
    if (born == 0) return 0;
    shared->pid = born;
    _exit(0);
}

static int write_map(char *path, char *end, const char *name, const struct text *map) {
    strcpy(end, name);
    AUTO_FD file = check(open(path, O_WRONLY | O_CLOEXEC));
    if (file < 0) return file;
    return write(file, map->data, map->size) < 0 ? -errno : 0;
}

/* The kernel takes maps only from outside, and a namespace needs somebody in it until it has a descriptor. */
int make_user_namespace(const struct text *uid_map, const struct text *gid_map) {
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    char path[64] = "/proc/";
    int pid = check(syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid < 0) return pid;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    char *end = print_number(path + strlen(path), (uint64_t)pid, 1);
    int result = write_map(path, end, "/uid_map", uid_map);
    if (result == 0) result = write_map(path, end, "/gid_map", gid_map);
    strcpy(end, "/ns/user");
    if (result == 0) result = check(open(path, O_RDONLY | O_CLOEXEC));
    kill(pid, SIGKILL);
    reap(pid);
    return result;
}
