/* Records about the namespaces the process lives in, and what is set once inside them. */
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include "plan.h"

PLAIN(unshare, SYS_unshare, NUMBER(unshare, flags))
PLAIN(sethostname, SYS_sethostname, TEXT(sethostname, name), SIZE(sethostname, name))
PLAIN(setdomainname, SYS_setdomainname, TEXT(setdomainname, name), SIZE(setdomainname, name))

RECORD(setns) {
    int flags = NUMBER(setns, flags);
    if (SIZE(setns, path) == 0) return run->first < 0 ? -ESRCH : check(setns(run->first, flags));
    AUTO_FD namespace = check(open(TEXT(setns, path), O_RDONLY | O_CLOEXEC));
    return namespace < 0 ? namespace : check(setns(namespace, flags));
}

/* A write with root's power to a name the image may have prepared. The folder is proven to be procfs
 * first, and from there on no link and no other mount is crossed: nothing is opened that is not a sysctl. */
RECORD(sysctl) {
    AUTO_FD folder = root_find(run, "/proc/sys", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    struct statfs status;
    if (folder < 0 || fstatfs(folder, &status) < 0) return folder < 0 ? folder : -errno;
    if (status.f_type != PROC_SUPER_MAGIC) return -EXDEV;
    AUTO_FD file = sys_openat2(folder, TEXT(sysctl, path), O_WRONLY, RESOLVE_NAMED_THERE);
    if (file < 0) return file;
    ssize_t size = (ssize_t)SIZE(sysctl, value), written = write(file, TEXT(sysctl, value), (size_t)size);
    return written == size ? 0 : written < 0 ? -errno : -EIO;
}

RECORD(loopback_up) {
    AUTO_FD any = check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (any < 0) return any;
    struct ifreq request = {.ifr_name = "lo"};
    if (ioctl(any, SIOCGIFFLAGS, &request) < 0) return -errno;
    request.ifr_flags |= IFF_UP;
    return check(ioctl(any, SIOCSIFFLAGS, &request));
}
