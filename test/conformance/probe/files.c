#include "probe.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* read PATH: its text, or null and the errno's name. */
static void read_file(const struct word *word) {
    static char text[1 << 18];
    int file = open(field(word, 1), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = 0, got = 0;
    while (file >= 0 && size < (ssize_t)sizeof text && (got = read(file, text + size, sizeof text - size)) > 0) size += got;
    if (file < 0 || got < 0) json_result(-1);
    else json_bytes(text, size);
    if (file >= 0) close(file);
}

/* stat PATH: without following it. */
static void stat_file(const struct word *word) {
    struct stat stat;
    char link[4096];
    if (lstat(field(word, 1), &stat)) return json_result(-1);
    static const char types[] = "?pc?d?b?-?l?s???";
    char type[2] = {types[(stat.st_mode >> 12) & 15], 0};
    json_open('{');
    json_key("type"), json_text(type);
    json_key("mode"), json_number(stat.st_mode & 07777);
    json_key("uid"), json_number(stat.st_uid);
    json_key("gid"), json_number(stat.st_gid);
    json_key("major"), json_number(major(stat.st_rdev));
    json_key("minor"), json_number(minor(stat.st_rdev));
    json_key("device"), json_number(stat.st_dev);
    json_key("inode"), json_number(stat.st_ino);
    json_key("size"), json_number(stat.st_size);
    ssize_t size = readlink(field(word, 1), link, sizeof link);
    if (size >= 0) json_key("link"), json_bytes(link, size);
    json_close('}');
}

/* list PATH: the names in it. */
static void list(const struct word *word) {
    DIR *folder = opendir(field(word, 1));
    if (!folder) return json_result(-1);
    json_open('[');
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) json_text(entry->d_name);
    json_close(']');
    closedir(folder);
}

/* links PATH: what the links of a folder lead to; for /proc/self/fd without the one that reads it. */
static void links(const struct word *word) {
    DIR *folder = opendir(field(word, 1));
    if (!folder) return json_result(-1);
    json_open('{');
    for (struct dirent *entry; (entry = readdir(folder));) {
        char own[32], target[4096];
        snprintf(own, sizeof own, "%d", dirfd(folder));
        ssize_t size = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
        if (size < 0 || !strcmp(own, entry->d_name)) continue;
        json_key(entry->d_name), json_bytes(target, size);
    }
    json_close('}');
    closedir(folder);
}

/* statvfs PATH: the mount's flags, ST_. */
static void file_system(const struct word *word) {
    struct statvfs seen;
    if (statvfs(field(word, 1), &seen)) return json_result(-1);
    json_number(seen.f_flag);
}

const struct entry file_reports[] = {
    {"read", read_file}, {"stat", stat_file}, {"list", list}, {"links", links}, {"statvfs", file_system}, {0},
};
