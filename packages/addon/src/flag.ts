/** Numbers that linux/openat2.h, linux/fcntl.h and linux/xattr.h share on every architecture. */

/** openat2(2), `resolve`: paths cannot leave the folder they start in; absolute links start there again. */
export const RESOLVE_IN_ROOT = 0x10;
/** openat2(2), `resolve`: fail instead of leaving the folder. */
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_NO_SYMLINKS = 0x04;
/** openat2(2), `resolve`: no /proc/PID/fd links. */
export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_XDEV = 0x01;

/** open(2): a place in the tree, not its content. */
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;

/** renameat2(2). */
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

/** setxattr(2). */
export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;

/** utimensat(2), in place of nanoseconds: leave this time alone. */
export const UTIME_OMIT = 0x3ffffffe;
export const UTIME_NOW = 0x3fffffff;

/** flock(2). */
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;

/** The kind of a file in `mode`, inode(7). */
export const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFBLK = 0o060000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFSOCK = 0o140000;
