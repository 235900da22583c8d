/* Records of the host track: what the shim does before and beside the process. */
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "plan.h"
#include "shim.h"

int setns(int fd, int type); /* <sched.h> and <linux/sched.h> do not go together everywhere */

RECORD(shim) {
    if (shim.listener >= 0 || run->process->id != 0) return -EALREADY;
    int error = journal_open(TEXT(shim, journal));
    shim.log.line_max = NUMBER(shim, logLineMax) > 0 ? NUMBER(shim, logLineMax) : 1;
    shim.log.drop_returns = NUMBER(shim, logDropReturns);
    if (error == 0 && SIZE(shim, log) > 0)
        error = log_open(&shim.log, TEXT(shim, log), NUMBER(shim, logMaxBytes), NUMBER(shim, logMaxFiles));
    return error < 0 ? error : shim_listen(TEXT(shim, socket));
}

RECORD(cgroup_create) {
    char path[4096];
    if (SIZE(cgroup_create, path) >= sizeof path) return -ENAMETOOLONG;
    strcpy(path, TEXT(cgroup_create, path));
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) < 0 && errno != EEXIST) return -errno;
        *slash = '/';
    }
    return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_whole(int folder, const char *path, const char *data, size_t size) {
    AUTO_FD file = check(openat(folder, path, O_WRONLY | O_CLOEXEC));
    if (file < 0) return file;
    ssize_t written = write(file, data, size);
    return written == (ssize_t)size ? 0 : written < 0 ? -errno : -EIO;
}

RECORD(write_file) {
    const char *path = TEXT(write_file, path), *data = TEXT(write_file, data);
    char folder[32] = "/proc/";
    if (*path == '/') return write_whole(AT_FDCWD, path, data, SIZE(write_file, data));
    if (record->track != TRACK_HOST || run->process->pid <= 0) return -EINVAL;
    /* By its number: it is our child and not reaped, so the number is its own. */
    *print_number(folder + 6, (uint64_t)run->process->pid, 1) = 0;
    AUTO_FD proc = check(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
    return proc < 0 ? proc : write_whole(proc, path, data, SIZE(write_file, data));
}

RECORD(join_pid) {
    if (SIZE(join_pid, path) > 0)
        run->join = check(open(TEXT(join_pid, path), O_RDONLY | O_CLOEXEC));
    else
        run->join = run->first < 0 ? -ESRCH : check(fcntl(run->first, F_DUPFD_CLOEXEC, 3));
    return run->join < 0 ? run->join : 0;
}

RECORD(join_process) {
    run->first = run_keep(run, check(syscall(SYS_pidfd_open, (pid_t)NUMBER(join_process, pid), 0)));
    return run->first < 0 ? run->first : 0;
}

/* The rest of the shim's descriptors (clients, other processes' pipes) must not even be open while the
 * process is inside the container but not yet the program: whoever can look at it could take them. */
static void close_all_but(unsigned from, const int *wanted, int count) {
    for (unsigned below = from, next; below < INT_MAX; below = next + 1) {
        next = INT_MAX;
        for (int i = 0; i < count; i++)
            if (wanted[i] >= (int)below && wanted[i] < (int)next) next = (unsigned)wanted[i];
        sys_close_range(below, next - 1, 0);
    }
}

static _Noreturn void become_process(struct run *run, int sync) {
    run->sync = sync;
    memset(run->tokens, 0, sizeof run->tokens);
    int wanted[5 + KEPT_LIMIT] = {sync, run->first, run->stdio[0], run->stdio[1], run->stdio[2]};
    memcpy(wanted + 5, run->kept, sizeof run->kept);
    close_all_but(3 + run->preserve, wanted, 5 + (int)run->kept_count);
    execute_container(run);
}

int run_keep(struct run *run, int fd) {
    if (fd < 0) return fd;
    if (run->kept_count < KEPT_LIMIT) return run->kept[run->kept_count++] = fd;
    close(fd);
    return -EMFILE;
}

void run_unkeep(struct run *run) {
    while (run->kept_count > 0) close(run->kept[--run->kept_count]);
}

/* In another pid namespace only the children are born, so the shim goes there and comes back. */
static int clone_process(struct run *run, uint64_t flags, int cgroup, int sync) {
    struct process *process = run->process;
    struct clone_args args = {.flags = flags | CLONE_PIDFD, .exit_signal = SIGCHLD};
    args.pidfd = (uintptr_t)&process->pidfd;
    bool away = run->join >= 0 && run->early_count == 0;
    AUTO_FD home = away ? check(open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC)) : -1;
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    if (away && (home < 0 || setns(run->join, CLONE_NEWPID) < 0)) return home < 0 ? home : -errno;
    /* Without rights over the host its maps can be written only where /proc says that it is ours. */
    bool rootless = flags & CLONE_NEWUSER && geteuid() != 0;
    if (rootless) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    int pid = run->early_count > 0 ? clone_joined(run, &args) : check(syscall(SYS_clone3, &args, sizeof args));
    if (pid == 0) become_process(run, sync);
    if (rootless) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    int back = away ? check(setns(home, CLONE_NEWPID)) : 0;
    process->pid = run->shared->pid = pid > 0 ? pid : 0;
    return pid < 0 ? pid : back;
}

RECORD(spawn) {
    int pair[2];
    AUTO_FD cgroup = -1;
    if (SIZE(spawn, cgroup) > 0) {
        cgroup = check(open(TEXT(spawn, cgroup), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (cgroup < 0) return cgroup;
    }
    /* Packets: a token or the terminal is there as a whole or not at all, and the end can be seen. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
    AUTO_FD process_end = pair[1];
    run->sync = pair[0];
    int error = clone_process(run, NUMBER(spawn, flags), cgroup, process_end);
    for (int i = 0; i < 3; i++) close_descriptor(&run->stdio[i]);
    close_descriptor(&run->join);
    forget_early(run);
    run_unkeep(run);
    return error;
}

RECORD(cgroup_attach) {
    char pid[24];
    if (run->process->pid <= 0) return -ESRCH;
    char *end = print_number(pid, (uint64_t)run->process->pid, 1);
    return write_whole(AT_FDCWD, TEXT(cgroup_attach, path), pid, (size_t)(end - pid));
}
