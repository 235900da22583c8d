/* Records that make files: devices, folders and links in the root, and one write to the host. */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "plan.h"

/* Modes come out as asked for when the plan has set umask 0 before. */
RECORD(mkdir) {
    bool made;
    AUTO_FD folder = root_make(run, TEXT(mkdir, path), S_IFDIR | NUMBER(mkdir, mode), &made);
    if (folder < 0 || !made) return folder < 0 ? folder : 0;
    return check(fchownat(folder, "", NUMBER(mkdir, uid), NUMBER(mkdir, gid), AT_EMPTY_PATH));
}

RECORD(symlink) {
    const char *name, *target = TEXT(symlink, target);
    AUTO_FD parent = root_parent(run, TEXT(symlink, path), &name);
    if (parent < 0) return parent;
    int error = check(symlinkat(target, parent, name));
    if (error != -EEXIST) return error;
    char there[4096];
    ssize_t size = readlinkat(parent, name, there, sizeof there);
    bool same = size == (ssize_t)strlen(target) && memcmp(there, target, (size_t)size) == 0;
    return same ? 0 : -EEXIST;
}

RECORD(mknod) {
    const char *name;
    mode_t mode = NUMBER(mknod, mode);
    dev_t device = makedev(NUMBER(mknod, major), NUMBER(mknod, minor));
    AUTO_FD parent = root_parent(run, TEXT(mknod, path), &name);
    if (parent < 0) return parent;
    int error = check(mknodat(parent, name, mode, device));
    if (error == 0)
        return check(fchownat(parent, name, NUMBER(mknod, uid), NUMBER(mknod, gid), AT_SYMLINK_NOFOLLOW));
    struct stat there;
    if (error != -EEXIST || fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) < 0) return error;
    return (there.st_mode & S_IFMT) == (mode & S_IFMT) && there.st_rdev == device ? 0 : -EEXIST;
}
