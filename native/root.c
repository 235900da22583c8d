/* Paths inside the container's root. The image and other containers that share a volume write the
 * tree while we walk it, so each look-up is one openat2 from the root's descriptor: the kernel then
 * resolves links, `..` and races within the root. Nothing is ever checked by name and used by name. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include "plan.h"

enum { RACE_RETRIES = 32, LINK_RETRIES = 16, LINK_MET = -1000 };

int root_find(const struct run *run, const char *path, uint64_t flags, uint64_t resolve) {
    int fd = -EAGAIN;
    /* EAGAIN: something was renamed during a `..`, so the kernel could not vouch for the result. */
    for (int i = 0; i < RACE_RETRIES && fd == -EAGAIN; i++)
        fd = sys_openat2(run->root, path, flags, resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    return fd;
}

/* `path` gets the link's text in place of `name`: from the root if it is absolute, else beside the link. */
static int follow_link(char path[PATH_MAX], char *name, const char *behind, int parent) {
    char text[PATH_MAX], rest[PATH_MAX];
    ssize_t size = readlinkat(parent, name, text, sizeof text - 1);
    if (size < 0) return errno == EINVAL ? LINK_MET : -errno; /* EINVAL: made by another just now */
    text[size] = 0;
    strcpy(rest, behind);
    char *to = text[0] == '/' ? path : name;
    if ((size_t)(to - path) + (size_t)size + strlen(rest) + 2 > PATH_MAX) return -ENAMETOOLONG;
    strcpy(stpcpy(stpcpy(to, text), "/"), rest);
    return LINK_MET;
}

/* Walks prefix after prefix and makes what is missing. LINK_MET: `path` was changed, walk again. */
static int make_once(const struct run *run, char path[PATH_MAX], mode_t mode, bool *made) {
    AUTO_FD parent = root_find(run, ".", O_PATH | O_DIRECTORY, 0);
    if (parent < 0) return parent;
    for (char *name = path + strspn(path, "/"), *end; *name != 0; name = end + strspn(end, "/")) {
        end = name + strcspn(name, "/");
        bool last = end[strspn(end, "/")] == 0;
        char after = *end;
        *end = 0;
        AUTO_FD found = root_find(run, path, O_PATH, 0);
        if (found == -ENOENT) {
            mode_t kind = last ? mode : S_IFDIR | 0755;
            int error = check(S_ISDIR(kind) ? mkdirat(parent, name, kind & 07777) : mknodat(parent, name, kind, 0));
            /* There and not there: a link to nothing, as /etc/resolv.conf often is. Its target is made. */
            if (error == -EEXIST) return follow_link(path, name, after ? end + 1 : end, parent);
            if (error < 0) return error;
            *made = last;
            found = root_find(run, path, O_PATH, 0);
        }
        if (found < 0) return found;
        *end = after;
        close_descriptor(&parent);
        parent = take(&found);
    }
    return take(&parent);
}

int root_make(const struct run *run, const char *path, mode_t mode, bool *made) {
    char walked[PATH_MAX];
    bool unused;
    if (made == NULL) made = &unused;
    *made = false;
    int fd = root_find(run, path, O_PATH, 0);
    if (fd != -ENOENT) return fd;
    if (strlen(path) >= sizeof walked) return -ENAMETOOLONG;
    strcpy(walked, path);
    for (int i = 0; i < LINK_RETRIES; i++) {
        fd = make_once(run, walked, mode, made);
        if (fd != LINK_MET) return fd;
    }
    return -ELOOP;
}

int root_parent(const struct run *run, const char *path, const char **name) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (**name == 0 || strlen(path) >= sizeof folder) return -EINVAL;
    memcpy(folder, path, (size_t)(*name - path));
    strcpy(folder + (*name - path), ".");
    return root_make(run, folder, S_IFDIR | 0755, NULL);
}
