/* Made by scripts/generate-plan-kinds.ts from packages/runtime/src/plan. Do not edit. */
#ifndef BERTH_PLAN_KINDS_H
#define BERTH_PLAN_KINDS_H

#define PLAN_MAX_BYTES 1048576
#define PLAN_MAX_RECORDS 1024
#define PLAN_MAX_STRINGS 5
#define PLAN_KIND_LIMIT 42

/* X(name, code, tracks: 1 host 2 container, numbers, strings, form of each string) */
#define PLAN_KINDS(X) \
    X(shim, 1, 1, 2, 3, 0, 0, 0) \
    X(stdio, 2, 1, 2, 0, 0) \
    X(cgroup_create, 3, 1, 0, 1, 0) \
    X(write_file, 4, 3, 0, 2, 0, 0) \
    X(join_pid, 5, 1, 0, 1, 0) \
    X(spawn, 6, 1, 1, 1, 0) \
    X(cgroup_attach, 7, 1, 0, 1, 0) \
    X(post, 8, 3, 1, 0, 0) \
    X(wait, 9, 3, 1, 0, 0) \
    X(unshare, 10, 2, 1, 0, 0) \
    X(setns, 11, 2, 1, 1, 0) \
    X(mount, 12, 2, 1, 5, 0, 0, 0, 0, 0) \
    X(root_open, 13, 2, 0, 1, 0) \
    X(fs_mount, 14, 2, 2, 3, 0, 0, 1) \
    X(bind_mount, 15, 2, 5, 2, 0, 0) \
    X(mkdir, 16, 2, 3, 1, 0) \
    X(symlink, 17, 2, 0, 2, 0, 0) \
    X(mknod, 18, 2, 5, 1, 0) \
    X(make_readonly, 19, 2, 0, 1, 0) \
    X(mask, 20, 2, 0, 1, 0) \
    X(terminal, 21, 2, 5, 0, 0) \
    X(pivot_root, 22, 2, 0, 0, 0) \
    X(root_attributes, 23, 2, 2, 0, 0) \
    X(sethostname, 24, 2, 0, 1, 0) \
    X(setdomainname, 25, 2, 0, 1, 0) \
    X(sysctl, 26, 2, 0, 2, 0, 0) \
    X(loopback_up, 27, 2, 0, 0, 0) \
    X(rlimit, 28, 2, 3, 0, 0) \
    X(keep_caps, 29, 2, 1, 0, 0) \
    X(bounding, 30, 2, 1, 0, 0) \
    X(groups, 31, 2, 0, 1, 4) \
    X(user, 32, 2, 2, 0, 0) \
    X(capset, 33, 2, 3, 0, 0) \
    X(ambient, 34, 2, 1, 0, 0) \
    X(no_new_privs, 35, 2, 0, 0, 0) \
    X(seccomp, 36, 2, 1, 1, 8) \
    X(umask, 37, 2, 1, 0, 0) \
    X(chdir, 38, 2, 0, 1, 0) \
    X(setsid, 39, 2, 0, 0, 0) \
    X(stdio_attach, 40, 2, 2, 0, 0) \
    X(execve, 41, 2, 0, 3, 1, 1, 1)

enum { N_shim_logMaxBytes, N_shim_logMaxFiles };
enum { S_shim_socket, S_shim_journal, S_shim_log };
enum { N_stdio_stdin, N_stdio_terminal };
enum { S_cgroup_create_path };
enum { S_write_file_path, S_write_file_data };
enum { S_join_pid_path };
enum { N_spawn_flags };
enum { S_spawn_cgroup };
enum { S_cgroup_attach_path };
enum { N_post_token };
enum { N_wait_token };
enum { N_unshare_flags };
enum { N_setns_flags };
enum { S_setns_path };
enum { N_mount_flags };
enum { S_mount_source, S_mount_target, S_mount_type, S_mount_data, S_mount_cwd };
enum { S_root_open_path };
enum { N_fs_mount_attributes, N_fs_mount_mode };
enum { S_fs_mount_type, S_fs_mount_target, S_fs_mount_options };
enum { N_bind_mount_recursive, N_bind_mount_set, N_bind_mount_clear, N_bind_mount_propagation, N_bind_mount_recursiveAttributes };
enum { S_bind_mount_source, S_bind_mount_target };
enum { N_mkdir_mode, N_mkdir_uid, N_mkdir_gid };
enum { S_mkdir_path };
enum { S_symlink_target, S_symlink_path };
enum { N_mknod_mode, N_mknod_major, N_mknod_minor, N_mknod_uid, N_mknod_gid };
enum { S_mknod_path };
enum { S_make_readonly_path };
enum { S_mask_path };
enum { N_terminal_rows, N_terminal_columns, N_terminal_uid, N_terminal_gid, N_terminal_console };
enum { N_root_attributes_set, N_root_attributes_propagation };
enum { S_sethostname_name };
enum { S_setdomainname_name };
enum { S_sysctl_path, S_sysctl_value };
enum { N_rlimit_resource, N_rlimit_soft, N_rlimit_hard };
enum { N_keep_caps_value };
enum { N_bounding_keep };
enum { S_groups_gids };
enum { N_user_uid, N_user_gid };
enum { N_capset_effective, N_capset_permitted, N_capset_inheritable };
enum { N_ambient_raise };
enum { N_seccomp_flags };
enum { S_seccomp_program };
enum { N_umask_mask };
enum { S_chdir_path };
enum { N_stdio_attach_uid, N_stdio_attach_gid };
enum { S_execve_candidates, S_execve_argv, S_execve_env };

#endif
