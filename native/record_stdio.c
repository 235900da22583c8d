/* Records that give the process its descriptors 0, 1 and 2. */
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include "plan.h"
#include "shim.h"

/* The shim's end must never block the shim; the process's end stays as programs expect it. */
static int make_pipe(int *shim_end, int *process_end, bool input) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    *shim_end = ends[input ? 1 : 0];
    *process_end = ends[input ? 0 : 1];
    /* Root of a user namespace may not give it to anybody: then this has to do for opening /dev/stdout again. */
    if (fchmod(*process_end, 0666) < 0) return -errno;
    return check(fcntl(*shim_end, F_SETFL, O_NONBLOCK | (input ? O_WRONLY : O_RDONLY)));
}

RECORD(stdio) {
    struct process *process = run->process;
    if (NUMBER(stdio, terminal)) return 0;
    int error = 0;
    if (NUMBER(stdio, stdin))
        error = make_pipe(&process->input, &run->stdio[0], true);
    else
        run->stdio[0] = check(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (run->stdio[0] < 0) return run->stdio[0];
    if (error == 0) error = make_pipe(&process->output[0], &run->stdio[1], false);
    return error < 0 ? error : make_pipe(&process->output[1], &run->stdio[2], false);
}

/* The caller's own. The shim keeps them too: it is attached, and lives no longer than the caller or the process. */
RECORD(stdio_inherit) {
    if (NUMBER(stdio_inherit, preserve) > shim.inherited - 3) return -EBADF;
    run->preserve = (unsigned)NUMBER(stdio_inherit, preserve);
    for (int i = 0; i < 3; i++)
        if ((run->stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 3)) < 0) return -errno;
    return 0;
}

/* The copies go: at the gate the process must not hold what its caller waits to see the end of. */
static int become_stdio(struct run *run, const int descriptors[3]) {
    for (int i = 0; i < 3; i++)
        if (dup2(descriptors[i], i) < 0) return -errno;
    for (int i = 0; i < 3; i++) close_descriptor(&run->stdio[i]);
    return 0;
}

RECORD(stdio_attach) {
    for (int i = 0; i < 3; i++) {
        struct stat status;
        if (fstat(run->stdio[i], &status) < 0) return -errno;
        /* So that /dev/stdout can be opened again. The host's /dev/null keeps its owner. */
        if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) continue;
        int error = check(fchown(run->stdio[i], NUMBER(stdio_attach, uid), NUMBER(stdio_attach, gid)));
        /* It may be a socket, on a read-only file system, or of a user without a mapping. */
        bool tolerated = error == -EINVAL || error == -EPERM || error == -EROFS || error == -ENOSYS;
        if (error < 0 && !tolerated) return error;
    }
    return become_stdio(run, run->stdio);
}

/* From a folder that is devpts by proof: names in it are the kernel's, an image cannot have made them. */
static int open_master(const struct run *run) {
    AUTO_FD folder = root_find(run, "/dev/pts", O_PATH | O_DIRECTORY, 0);
    struct statfs status;
    if (folder < 0 || fstatfs(folder, &status) < 0) return folder < 0 ? folder : -errno;
    if (status.f_type != DEVPTS_SUPER_MAGIC) return -EXDEV;
    return sys_openat2(folder, "ptmx", O_RDWR | O_NOCTTY, RESOLVE_NAMED_THERE);
}

static int bind_console(const struct run *run, int slave) {
    AUTO_FD target = root_make(run, "/dev/console", S_IFREG | 0600, NULL);
    if (target < 0) return target;
    AUTO_FD mount = sys_open_tree(slave, DETACHED_MOUNT, AT_EMPTY_PATH | OPEN_TREE_CLONE);
    return mount < 0 ? mount : sys_attach(mount, target);
}

RECORD(terminal) {
    AUTO_FD master = open_master(run);
    if (master < 0) return master;
    int unlock = 0;
    struct winsize size = {
        .ws_row = NUMBER(terminal, rows),
        .ws_col = NUMBER(terminal, columns),
    };
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0) return -errno;
    /* The peer by descriptor: /dev/pts/N by name could be another terminal, or another file. */
    AUTO_FD slave = check(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (slave < 0) return slave;
    if (fchown(slave, NUMBER(terminal, uid), NUMBER(terminal, gid)) < 0) return -errno;
    int error = NUMBER(terminal, console) ? bind_console(run, slave) : 0;
    if (error == 0) error = sync_send(run, TOKEN_TERMINAL, (int[]){master, slave});
    if (error == 0) error = check(ioctl(slave, TIOCSCTTY, 0));
    return error < 0 ? error : become_stdio(run, (int[]){slave, slave, slave});
}

RECORD(descriptor_send) {
    struct process *process = run->process;
    bool terminal = NUMBER(descriptor_send, what) == 0;
    int descriptor = terminal ? process->output[0] : process->pidfd;
    if (descriptor < 0 || (terminal && process->slave < 0)) return -EBADF;
    AUTO_FD socket = connect_to(TEXT(descriptor_send, socket));
    if (socket < 0) return socket;
    /* Its next owner expects it to wait, as terminals do; that is a property of the open file, so of both our ends. */
    if (terminal) fcntl(descriptor, F_SETFL, O_RDWR);
    int error = send_descriptors(socket, STRING(descriptor_send, name), &descriptor, 1);
    if (error == 0 && terminal) process_forget_terminal(process);
    return error;
}
