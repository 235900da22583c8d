/* Records about the namespaces the process lives in, and what is set once inside them. */
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include "plan.h"

int record_unshare(struct run *run, const struct record *record) {
    (void)run;
    return check(unshare((int)NUMBER(record, unshare, flags)));
}

int record_setns(struct run *run, const struct record *record) {
    int flags = (int)NUMBER(record, setns, flags);
    if (SIZE(record, setns, path) == 0) return run->first < 0 ? -ESRCH : check(setns(run->first, flags));
    AUTO_FD namespace = check(open(TEXT(record, setns, path), O_RDONLY | O_CLOEXEC));
    return namespace < 0 ? namespace : check(setns(namespace, flags));
}

int record_sethostname(struct run *run, const struct record *record) {
    (void)run;
    return check(sethostname(TEXT(record, sethostname, name), SIZE(record, sethostname, name)));
}

int record_setdomainname(struct run *run, const struct record *record) {
    (void)run;
    return check(setdomainname(TEXT(record, setdomainname, name), SIZE(record, setdomainname, name)));
}

/*
 * A write with root's power to a name the image may have prepared. The folder is proven to be procfs
 * first, and from there on no link and no other mount is crossed: nothing is opened that is not a sysctl.
 */
int record_sysctl(struct run *run, const struct record *record) {
    AUTO_FD folder = root_find(run, "/proc/sys", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    struct statfs status;
    if (folder < 0 || fstatfs(folder, &status) < 0) return folder < 0 ? folder : -errno;
    if (status.f_type != PROC_SUPER_MAGIC) return -EXDEV;
    AUTO_FD file = sys_openat2(folder, TEXT(record, sysctl, path), O_WRONLY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    if (file < 0) return file;
    ssize_t size = (ssize_t)SIZE(record, sysctl, value), written = write(file, TEXT(record, sysctl, value), (size_t)size);
    return written == size ? 0 : written < 0 ? -errno : -EIO;
}

int record_loopback_up(struct run *run, const struct record *record) {
    (void)run, (void)record;
    AUTO_FD any = check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (any < 0) return any;
    struct ifreq request = {.ifr_name = "lo"};
    if (ioctl(any, SIOCGIFFLAGS, &request) < 0) return -errno;
    request.ifr_flags |= IFF_UP;
    return check(ioctl(any, SIOCSIFFLAGS, &request));
}
