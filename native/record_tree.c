/* Trees of files as detached mounts: opened with the shim's rights or the process's own, configured while nobody
 * sees them, attached in the root. */
#include <sys/stat.h>
#include "plan.h"

struct attributes {
    uint64_t set, clear, propagation, recursive;
};

static int configure(int mount, const struct attributes *wanted) {
    struct mount_attr attributes = {.attr_set = wanted->set, .attr_clr = wanted->clear};
    unsigned all = wanted->recursive ? AT_RECURSIVE : 0;
    int error = 0;
    if (attributes.attr_set | attributes.attr_clr)
        error = sys_mount_setattr(mount, DETACHED_MOUNT, AT_EMPTY_PATH | all, &attributes);
    if (error < 0 || wanted->propagation == 0) return error;
    attributes = (struct mount_attr){.propagation = wanted->propagation & ~(uint64_t)MS_REC};
    all = wanted->propagation & MS_REC ? AT_RECURSIVE : 0;
    return sys_mount_setattr(mount, DETACHED_MOUNT, AT_EMPTY_PATH | all, &attributes);
}

#define ATTRIBUTES(kind) &(struct attributes){ \
    NUMBER(kind, set), NUMBER(kind, clear), NUMBER(kind, propagation), NUMBER(kind, recursiveAttributes)}

static int attach(const struct run *run, int mount, const char *path) {
    struct stat status;
    if (fstat(mount, &status) < 0) return -errno;
    mode_t like = S_ISDIR(status.st_mode) ? S_IFDIR | 0755 : S_IFREG | 0644;
    AUTO_FD target = root_make(run, path, like, NULL);
    return target < 0 ? target : sys_attach(mount, target);
}

RECORD(bind_mount) {
    unsigned recursive = NUMBER(bind_mount, recursive) ? AT_RECURSIVE : 0;
    AUTO_FD mount = sys_open_tree(AT_FDCWD, TEXT(bind_mount, source), OPEN_TREE_CLONE | recursive);
    if (mount < 0) return mount;
    int error = configure(mount, ATTRIBUTES(bind_mount));
    return error < 0 ? error : attach(run, mount, TEXT(bind_mount, target));
}

static int map_owners(int mount, const struct record *record) {
    if (SIZE(tree_open, uidMap) == 0) return 0;
    AUTO_FD namespace = make_user_namespace(STRING(tree_open, uidMap), STRING(tree_open, gidMap));
    if (namespace < 0) return namespace;
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)namespace};
    unsigned all = NUMBER(tree_open, recursiveMapping) ? AT_RECURSIVE : 0;
    return sys_mount_setattr(mount, DETACHED_MOUNT, AT_EMPTY_PATH | all, &attributes);
}

RECORD(tree_open) {
    uint64_t slot = NUMBER(tree_open, slot);
    if (slot == 0 || slot >= SLOT_LIMIT || run->trees[slot] > 0) return -EINVAL;
    unsigned recursive = NUMBER(tree_open, recursive) ? AT_RECURSIVE : 0;
    AUTO_FD mount = sys_open_tree(AT_FDCWD, TEXT(tree_open, source), OPEN_TREE_CLONE | recursive);
    int error = mount < 0 ? mount : map_owners(mount, record);
    if (error == 0) error = configure(mount, ATTRIBUTES(tree_open));
    if (error == 0) error = run->trees[slot] = run_keep(run, take(&mount));
    return error < 0 ? error : 0;
}

RECORD(tree_attach) {
    uint64_t slot = NUMBER(tree_attach, slot);
    int mount = slot < SLOT_LIMIT ? run->trees[slot] : 0;
    return mount > 0 ? attach(run, mount, TEXT(tree_attach, target)) : -EBADF;
}
