/* Records that mount. Sources are host paths; targets are made and reached inside the root. */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "plan.h"

RECORD(mount) {
    const char *cwd = TEXT(mount, cwd);
    /* Overlay's option string is one page at most: short paths from `cwd` let more layers fit. */
    if (*cwd && chdir(cwd) < 0) return -errno;
#define OR_NULL(field) (SIZE(mount, field) > 0 ? TEXT(mount, field) : NULL)
    return sys_mount(OR_NULL(source), TEXT(mount, target), OR_NULL(type), NUMBER(mount, flags), OR_NULL(data));
}

RECORD(root_open) {
    close_descriptor(&run->root);
    run->root = check(open(TEXT(root_open, path), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return run->root < 0 ? run->root : 0;
}

static int configure(int context, const struct text *options) {
    for (uint32_t at = 0; at < options->size; at += (uint32_t)strlen(options->data + at) + 1) {
        char item[1024];
        if (strlen(options->data + at) >= sizeof item) return -ENAMETOOLONG;
        strcpy(item, options->data + at);
        char *value = strchr(item, '=');
        if (value != NULL) *value++ = 0;
        int error = sys_fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, item, value);
        if (error < 0) return error;
    }
    return sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL);
}

static int new_mount(const char *type, const struct text *options, unsigned attributes) {
    AUTO_FD context = check(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
    if (context < 0) return context;
    int error = configure(context, options);
    return error < 0 ? error : check(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
}

RECORD(fs_mount) {
    const char *type = TEXT(fs_mount, type), *path = TEXT(fs_mount, target);
    bool made;
    AUTO_FD target = root_make(run, path, S_IFDIR | NUMBER(fs_mount, mode), &made);
    if (target < 0) return target;
    /* A link in the place of /proc would let the image choose what all later checks of procfs look at. */
    if (!made && (strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0)) {
        close_descriptor(&target);
        target = root_find(run, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
        if (target < 0) return target;
    }
    AUTO_FD mount = new_mount(type, STRING(fs_mount, options), NUMBER(fs_mount, attributes));
    return mount < 0 ? mount : sys_attach(mount, target);
}

RECORD(make_readonly) {
    AUTO_FD path = root_find(run, TEXT(make_readonly, path), O_PATH, 0);
    if (path < 0) return path == -ENOENT ? 0 : path;
    AUTO_FD mount = sys_open_tree(path, DETACHED_MOUNT, AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
    if (mount < 0) return mount;
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    int error = sys_mount_setattr(mount, DETACHED_MOUNT, AT_EMPTY_PATH | AT_RECURSIVE, &attributes);
    return error < 0 ? error : sys_attach(mount, path);
}

/* A /dev/null that the image made into a link or a file would unmask, or worse, bind a host's path. */
static int open_null_device(const struct run *run) {
    AUTO_FD device = root_find(run, "/dev/null", O_PATH | O_NOFOLLOW, 0);
    struct stat status;
    if (device < 0 || fstat(device, &status) < 0) return device < 0 ? device : -errno;
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) return -ENODEV;
    return take(&device);
}

/* What covers a file or a folder. Made once; each use is a clone, which is ten times cheaper. */
static int cover(struct run *run, bool folder, int target) {
    static const struct text no_options = {"", 0};
    int *source = folder ? &run->empty_folder : &run->null_device;
    if (folder && *source < 0) {
        AUTO_FD made = new_mount("tmpfs", &no_options, MOUNT_ATTR_RDONLY);
        int error = made < 0 ? made : sys_attach(made, target);
        if (error == 0) *source = take(&made);
        return error;
    }
    if (*source < 0) *source = open_null_device(run);
    if (*source < 0) return *source;
    AUTO_FD mount = sys_open_tree(*source, DETACHED_MOUNT, AT_EMPTY_PATH | OPEN_TREE_CLONE);
    return mount < 0 ? mount : sys_attach(mount, target);
}

RECORD(mask) {
    AUTO_FD path = root_find(run, TEXT(mask, path), O_PATH, 0);
    if (path < 0) return path == -ENOENT ? 0 : path;
    struct stat status;
    if (fstat(path, &status) < 0) return -errno;
    return cover(run, S_ISDIR(status.st_mode), path);
}

RECORD(pivot_root) {
    AUTO_FD old = check(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (old < 0 || fchdir(run->root) < 0) return old < 0 ? old : -errno;
    /* Both names are the same folder: the kernel stacks the old root on the new one. */
    if (syscall(SYS_pivot_root, ".", ".") < 0 || fchdir(old) < 0) return -errno;
    /* If the host's tree is shared, the unmount below would reach the host. */
    int error = sys_mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL);
    if (error < 0 || syscall(SYS_umount2, ".", UNMOUNT_DETACH) < 0) return error < 0 ? error : -errno;
    return check(chdir("/"));
}

/* The kernel's first root, a ramfs, cannot be pivoted away. */
RECORD(move_root) {
    int error = check(fchdir(run->root));
    if (error == 0) error = sys_mount(".", "/", NULL, MS_MOVE, NULL);
    if (error == 0) error = check(chroot("."));
    return error < 0 ? error : check(chdir("/"));
}

RECORD(root_attributes) {
    struct mount_attr attributes = {.attr_set = NUMBER(root_attributes, set)};
    int error = attributes.attr_set ? sys_mount_setattr(AT_FDCWD, "/", 0, &attributes) : 0;
    if (error < 0 || NUMBER(root_attributes, propagation) == 0) return error;
    return sys_mount(NULL, "/", NULL, NUMBER(root_attributes, propagation), NULL);
}
