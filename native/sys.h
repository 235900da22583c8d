/* The border to the kernel: calls that libc does not wrap everywhere, and descriptors that close
 * themselves. Everything fallible returns -errno; errno itself is never looked at outside of check(). */
#ifndef BERTH_SYS_H
#define BERTH_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h> /* and never <sys/mount.h>: glibc 2.36 declares the same structs again */
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define UNMOUNT_DETACH 2
#define DETACHED_MOUNT "" /* the path that goes with AT_EMPTY_PATH */

static inline void close_descriptor(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}
#define AUTO_FD __attribute__((cleanup(close_descriptor))) int

/* Hands a descriptor over, so that its cleanup finds nothing. */
static inline int take(int *fd) {
    int taken = *fd;
    *fd = -1;
    return taken;
}

static inline int check(long result) {
    return result < 0 ? -errno : (int)result;
}

static inline uint64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Exactly what a proven folder itself names: nothing that a link or a mount could have put there. */
#define RESOLVE_NAMED_THERE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)

static inline int sys_openat2(int folder, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
    return check(syscall(SYS_openat2, folder, path, &how, sizeof how));
}

static inline int sys_open_tree(int folder, const char *path, unsigned flags) {
    return check(syscall(SYS_open_tree, folder, path, flags | OPEN_TREE_CLOEXEC));
}

static inline int sys_fsconfig(int context, unsigned command, const char *key, const char *value) {
    return check(syscall(SYS_fsconfig, context, command, key, value, 0));
}

/* Puts a detached mount on what `target` is open on. No path is walked, so none can be redirected. */
static inline int sys_attach(int mount, int target) {
    return check(syscall(SYS_move_mount, mount, DETACHED_MOUNT, target, DETACHED_MOUNT,
                         MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static inline int sys_mount_setattr(int folder, const char *path, unsigned flags, struct mount_attr *attributes) {
    return check(syscall(SYS_mount_setattr, folder, path, flags, attributes, sizeof *attributes));
}

static inline int sys_mount(const char *source, const char *target, const char *type, uint64_t flags,
                            const char *data) {
    return check(syscall(SYS_mount, source, target, type, flags, data));
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags) {
    return first > last ? 0 : check(syscall(SYS_close_range, first, last, flags));
}

#endif
