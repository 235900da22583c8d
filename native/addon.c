/*
 * Berth's addon: the system calls that Node lacks and that image layers need, as one table.
 *
 * Every entry takes numbers, strings and byte arrays, makes one system call and returns its result, or
 * -errno. Nothing is thrown, allocated or decided here: packages/addon turns results into values and
 * errors. Node-API version 8: one binary serves every Node from 18 on, on any thread.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_ARGS 7
#define MAX_TEXTS 2

/* One argument after conversion. Which member counts is said by the entry's letters. */
struct arg {
  int64_t number;   /* 'n': an integer */
  const char *text; /* 's': a string (UTF-8) or a Uint8Array (bytes as they are), ended by NUL */
  void *data;       /* 'b': a Uint8Array, read or filled in place */
  size_t size;
};

struct entry {
  const char *name;
  const char *letters;
  long (*call)(const struct arg *);
};

/* Copies of 's' arguments; the kernel takes no path longer than PATH_MAX. */
struct texts {
  char bytes[MAX_TEXTS][PATH_MAX + 1];
  int used;
};

static long outcome(long result) { return result < 0 ? -errno : result; }

static long call_openat2(const struct arg *a) {
  struct open_how how = {
      .flags = (uint64_t)a[2].number | O_CLOEXEC,
      .mode = (uint64_t)a[3].number,
      .resolve = (uint64_t)a[4].number,
  };
  long fd;
  /* EAGAIN: the kernel could not prove that no rename raced with "..": openat2(2) says to try again. */
  int tries = 32;
  do fd = syscall(SYS_openat2, (int)a[0].number, a[1].text, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || (errno == EAGAIN && how.resolve != 0 && --tries > 0)));
  return outcome(fd);
}

/* fs.closeSync of a descriptor that fs did not open makes Node warn in worker threads. */
static long call_close(const struct arg *a) { return outcome(close((int)a[0].number)); }

static long call_mkdirat(const struct arg *a) {
  return outcome(mkdirat((int)a[0].number, a[1].text, (mode_t)a[2].number));
}

static long call_mknodat(const struct arg *a) {
  dev_t device = makedev((unsigned)a[3].number, (unsigned)a[4].number);
  return outcome(mknodat((int)a[0].number, a[1].text, (mode_t)a[2].number, device));
}

static long call_symlinkat(const struct arg *a) {
  return outcome(symlinkat(a[0].text, (int)a[1].number, a[2].text));
}

static long call_readlinkat(const struct arg *a) {
  return outcome(readlinkat((int)a[0].number, a[1].text, a[2].data, a[2].size));
}

static long call_linkat(const struct arg *a) {
  return outcome(linkat((int)a[0].number, a[1].text, (int)a[2].number, a[3].text, (int)a[4].number));
}

static long call_unlinkat(const struct arg *a) {
  return outcome(unlinkat((int)a[0].number, a[1].text, (int)a[2].number));
}

static long call_renameat2(const struct arg *a) {
  return outcome(renameat2((int)a[0].number, a[1].text, (int)a[2].number, a[3].text, (unsigned)a[4].number));
}

static long call_fchownat(const struct arg *a) {
  return outcome(fchownat((int)a[0].number, a[1].text, (uid_t)a[2].number, (gid_t)a[3].number, (int)a[4].number));
}

static long call_fchmod(const struct arg *a) { return outcome(fchmod((int)a[0].number, (mode_t)a[1].number)); }

/* With AT_SYMLINK_NOFOLLOW libc goes through fchmodat2 or an O_PATH descriptor, never through a link. */
static long call_fchmodat(const struct arg *a) {
  return outcome(fchmodat((int)a[0].number, a[1].text, (mode_t)a[2].number, (int)a[3].number));
}

static long call_utimensat(const struct arg *a) {
  struct timespec times[2] = {
      {.tv_sec = a[2].number, .tv_nsec = (long)a[3].number},
      {.tv_sec = a[4].number, .tv_nsec = (long)a[5].number},
  };
  return outcome(utimensat((int)a[0].number, a[1].text, times, (int)a[6].number));
}

static long call_futimens(const struct arg *a) {
  struct timespec times[2] = {
      {.tv_sec = a[1].number, .tv_nsec = (long)a[2].number},
      {.tv_sec = a[3].number, .tv_nsec = (long)a[4].number},
  };
  return outcome(futimens((int)a[0].number, times));
}

static long call_fsetxattr(const struct arg *a) {
  return outcome(fsetxattr((int)a[0].number, a[1].text, a[2].data, a[2].size, (int)a[3].number));
}

static long call_lsetxattr(const struct arg *a) {
  return outcome(lsetxattr(a[0].text, a[1].text, a[2].data, a[2].size, (int)a[3].number));
}

static long call_fgetxattr(const struct arg *a) {
  return outcome(fgetxattr((int)a[0].number, a[1].text, a[2].data, a[2].size));
}

static long call_lgetxattr(const struct arg *a) {
  return outcome(lgetxattr(a[0].text, a[1].text, a[2].data, a[2].size));
}

static long call_flistxattr(const struct arg *a) {
  return outcome(flistxattr((int)a[0].number, a[1].data, a[1].size));
}

static long call_llistxattr(const struct arg *a) { return outcome(llistxattr(a[0].text, a[1].data, a[1].size)); }

static long call_fremovexattr(const struct arg *a) { return outcome(fremovexattr((int)a[0].number, a[1].text)); }

static long call_lremovexattr(const struct arg *a) { return outcome(lremovexattr(a[0].text, a[1].text)); }

static long call_syncfs(const struct arg *a) { return outcome(syncfs((int)a[0].number)); }

static long call_sync_file_range(const struct arg *a) {
  return outcome(sync_file_range((int)a[0].number, a[1].number, a[2].number, (unsigned)a[3].number));
}

static long call_flock(const struct arg *a) { return outcome(flock((int)a[0].number, (int)a[1].number)); }

/* Fills struct ucred: pid, uid, gid, 32 bits each. */
static long call_peercred(const struct arg *a) {
  socklen_t size = (socklen_t)a[1].size;
  return outcome(getsockopt((int)a[0].number, SOL_SOCKET, SO_PEERCRED, a[1].data, &size));
}

static const struct entry table[] = {
    {"openat2", "nsnnn", call_openat2},
    {"close", "n", call_close},
    {"mkdirat", "nsn", call_mkdirat},
    {"mknodat", "nsnnn", call_mknodat},
    {"symlinkat", "sns", call_symlinkat},
    {"readlinkat", "nsb", call_readlinkat},
    {"linkat", "nsnsn", call_linkat},
    {"unlinkat", "nsn", call_unlinkat},
    {"renameat2", "nsnsn", call_renameat2},
    {"fchownat", "nsnnn", call_fchownat},
    {"fchmod", "nn", call_fchmod},
    {"fchmodat", "nsnn", call_fchmodat},
    {"utimensat", "nsnnnnn", call_utimensat},
    {"futimens", "nnnnn", call_futimens},
    {"fsetxattr", "nsbn", call_fsetxattr},
    {"lsetxattr", "ssbn", call_lsetxattr},
    {"fgetxattr", "nsb", call_fgetxattr},
    {"lgetxattr", "ssb", call_lgetxattr},
    {"flistxattr", "nb", call_flistxattr},
    {"llistxattr", "sb", call_llistxattr},
    {"fremovexattr", "ns", call_fremovexattr},
    {"lremovexattr", "ss", call_lremovexattr},
    {"syncfs", "n", call_syncfs},
    {"sync_file_range", "nnnn", call_sync_file_range},
    {"flock", "nn", call_flock},
    {"peercred", "nb", call_peercred},
};

static int byte_array(napi_env env, napi_value value, void **data, size_t *size) {
  bool typed = false;
  napi_typedarray_type type;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return -EINVAL;
  if (napi_get_typedarray_info(env, value, &type, size, data, NULL, NULL) != napi_ok) return -EINVAL;
  if (type != napi_uint8_array) return -EINVAL;
  /* An empty array may have no address; libc declares its buffers never to be NULL. */
  static char nothing;
  if (*data == NULL) *data = &nothing;
  return 0;
}

/* A NUL inside would let the kernel see another, shorter name than the caller checked. */
static int text_argument(napi_env env, napi_value value, struct texts *texts, const char **text) {
  char *copy = texts->bytes[texts->used++];
  napi_valuetype type;
  size_t size;
  if (napi_typeof(env, value, &type) != napi_ok) return -EINVAL;
  if (type == napi_string) {
    /* Truncated output is at most PATH_MAX bytes: anything that fills the buffer is too long anyway. */
    if (napi_get_value_string_utf8(env, value, copy, PATH_MAX + 1, &size) != napi_ok) return -EINVAL;
    if (size >= PATH_MAX - 3) {
      size_t whole;
      if (napi_get_value_string_utf8(env, value, NULL, 0, &whole) != napi_ok) return -EINVAL;
      if (whole != size) return -ENAMETOOLONG;
    }
  } else {
    void *data;
    int problem = byte_array(env, value, &data, &size);
    if (problem) return problem;
    if (size > PATH_MAX) return -ENAMETOOLONG;
    if (size > 0) memcpy(copy, data, size);
    copy[size] = 0;
  }
  if (strlen(copy) != size) return -EINVAL;
  *text = copy;
  return 0;
}

static int convert(napi_env env, char letter, napi_value value, struct texts *texts, struct arg *arg) {
  switch (letter) {
    case 'n':
      return napi_get_value_int64(env, value, &arg->number) == napi_ok ? 0 : -EINVAL;
    case 's':
      return text_argument(env, value, texts, &arg->text);
    default:
      return byte_array(env, value, &arg->data, &arg->size);
  }
}

static napi_value dispatch(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGS];
  size_t count = MAX_ARGS;
  void *data;
  struct arg args[MAX_ARGS] = {0};
  struct texts texts;
  long result = 0;
  napi_value answer = NULL;

  texts.used = 0;
  if (napi_get_cb_info(env, info, &count, values, NULL, &data) != napi_ok) return NULL;
  const struct entry *entry = data;
  size_t wanted = strlen(entry->letters);
  if (count < wanted) result = -EINVAL;
  for (size_t i = 0; i < wanted && result == 0; i++) {
    result = convert(env, entry->letters[i], values[i], &texts, &args[i]);
  }
  if (result == 0) result = entry->call(args);
  napi_create_int64(env, result, &answer);
  return answer;
}

NAPI_MODULE_INIT() {
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    napi_value function;
    const char *name = table[i].name;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, dispatch, (void *)&table[i], &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      napi_throw_error(env, NULL, "the addon's table could not be made");
      return NULL;
    }
  }
  return exports;
}
