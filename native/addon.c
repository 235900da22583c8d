/*
 * Berth's addon: system calls for Node, by number.
 *
 * syscall(number, ...arguments) makes one call and returns its result, or -errno. An argument is an integer
 * (number or bigint), a string, which the kernel gets as UTF-8 bytes ended by NUL, or a Uint8Array, which it reads or
 * fills in place. address(bytes) is for structs that hold pointers. Nothing is thrown, kept or decided here:
 * packages/addon knows the calls and turns results into values and errors. Node-API version 8: one binary
 * serves every Node from 18 on, on any thread.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <limits.h>
#include <node_api.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 1 + 6, TEXT_ROOM = 4 * (PATH_MAX + 1), LONGEST_CHARACTER = 4 };

/* Copies of the strings of one call: mount(2) has four, each a path or a page. */
struct texts {
  size_t used;
  char bytes[TEXT_ROOM];
};

static int byte_array(napi_env env, napi_value value, int64_t *address) {
  bool typed = false;
  napi_typedarray_type type;
  size_t size;
  void *data;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return -EINVAL;
  if (napi_get_typedarray_info(env, value, &type, &size, &data, NULL, NULL) != napi_ok) return -EINVAL;
  *address = (int64_t)(intptr_t)data;
  return type == napi_uint8_array ? 0 : -EINVAL;
}

static int text(napi_env env, napi_value value, struct texts *texts, int64_t *address) {
  char *copy = texts->bytes + texts->used;
  size_t size, room = TEXT_ROOM - texts->used;
  if (napi_get_value_string_utf8(env, value, copy, room, &size) != napi_ok) return -EINVAL;
  /* What does not fit is cut between two characters, so that up to three bytes may stay free. */
  if (size + LONGEST_CHARACTER >= room) return -ENAMETOOLONG;
  /* A NUL inside would let the kernel see another, shorter name than the caller checked. */
  if (strlen(copy) != size) return -EINVAL;
  texts->used += size + 1;
  *address = (int64_t)(intptr_t)copy;
  return 0;
}

static int convert(napi_env env, napi_value value, struct texts *texts, int64_t *argument) {
  napi_valuetype type;
  bool lossless;
  if (napi_get_value_int64(env, value, argument) == napi_ok) return 0;
  if (napi_typeof(env, value, &type) != napi_ok) return -EINVAL;
  if (type == napi_string) return text(env, value, texts, argument);
  if (type == napi_bigint) return napi_get_value_bigint_int64(env, value, argument, &lossless) == napi_ok ? 0 : -EINVAL;
  return byte_array(env, value, argument);
}

static napi_value call(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], answer = NULL;
  size_t count = MAX_ARGUMENTS;
  int64_t a[MAX_ARGUMENTS] = {0}, result = 0;
  struct texts texts;

  texts.used = 0;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok) return NULL;
  if (count < 1 || count > MAX_ARGUMENTS) result = -EINVAL;
  for (size_t i = 0; i < count && result == 0; i++) result = convert(env, values[i], &texts, &a[i]);
  if (result == 0) {
    result = syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    if (result < 0) result = -errno;
  }
  napi_create_int64(env, result, &answer);
  return answer;
}

/* Where the bytes are, as a bigint. They stay there as long as the array is referred to. */
static napi_value address(napi_env env, napi_callback_info info) {
  napi_value value, answer = NULL;
  size_t count = 1;
  int64_t at = 0;
  if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok) return NULL;
  if (count != 1 || byte_array(env, value, &at) != 0) at = 0;
  napi_create_bigint_int64(env, at, &answer);
  return answer;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "syscall", .method = call, .attributes = napi_enumerable},
      {.utf8name = "address", .method = address, .attributes = napi_enumerable},
  };
  napi_status made = napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  if (made != napi_ok) napi_throw_error(env, NULL, "the addon's functions could not be made");
  return exports;
}
