/* Made by scripts/generate-plan-kinds.ts from packages/runtime/src/plan. Do not edit. */
#ifndef BERTH_PLAN_KINDS_H
#define BERTH_PLAN_KINDS_H

#define PLAN_MAX_BYTES 1048576
#define PLAN_MAX_RECORDS 1024
#define PLAN_MAX_STRINGS 6
#define PLAN_KIND_LIMIT 64

/* X(name, code, tracks: 1 host 2 container, numbers, strings, form of each string) */
#define PLAN_KINDS(X) \
    X(shim, 1, 1, 4, 3, 0, 0, 0) X(stdio, 2, 1, 2, 0, 0) X(cgroup_create, 3, 1, 0, 1, 0) X(write_file, 4, 3, 0, 2, 0, 0) X(join_pid, 5, 1, 0, 1, 0) \
    X(spawn, 6, 1, 1, 1, 0) X(cgroup_attach, 7, 1, 0, 1, 0) X(post, 8, 3, 1, 0, 0) X(wait, 9, 3, 1, 0, 0) X(unshare, 10, 2, 1, 0, 0) X(setns, 11, 2, 1, 1, 0) \
    X(mount, 12, 2, 1, 5, 0, 0, 0, 0, 0) X(root_open, 13, 2, 0, 1, 0) X(fs_mount, 14, 2, 2, 3, 0, 0, 1) X(bind_mount, 15, 2, 5, 2, 0, 0) \
    X(mkdir, 16, 2, 3, 1, 0) X(symlink, 17, 2, 0, 2, 0, 0) X(mknod, 18, 2, 5, 1, 0) X(make_readonly, 19, 2, 0, 1, 0) X(mask, 20, 2, 0, 1, 0) \
    X(terminal, 21, 2, 5, 0, 0) X(pivot_root, 22, 2, 0, 0, 0) X(root_attributes, 23, 2, 2, 0, 0) X(sethostname, 24, 2, 0, 1, 0) \
    X(setdomainname, 25, 2, 0, 1, 0) X(sysctl, 26, 2, 0, 2, 0, 0) X(loopback_up, 27, 2, 0, 0, 0) X(rlimit, 28, 3, 3, 0, 0) X(keep_caps, 29, 2, 1, 0, 0) \
    X(bounding, 30, 2, 1, 0, 0) X(groups, 31, 2, 0, 1, 4) X(user, 32, 2, 2, 0, 0) X(capset, 33, 2, 3, 0, 0) X(ambient, 34, 2, 1, 0, 0) \
    X(no_new_privs, 35, 2, 0, 0, 0) X(seccomp, 36, 2, 1, 1, 8) X(umask, 37, 2, 1, 0, 0) X(chdir, 38, 2, 0, 1, 0) X(setsid, 39, 2, 0, 0, 0) \
    X(stdio_attach, 40, 2, 2, 0, 0) X(execve, 41, 2, 0, 3, 1, 1, 1) X(join_early, 42, 1, 0, 1, 0) X(join_process, 43, 1, 1, 0, 0) X(ask, 44, 1, 2, 0, 0) \
    X(stdio_inherit, 45, 1, 1, 0, 0) X(gate_listen, 46, 1, 0, 1, 0) X(notify_connect, 47, 1, 0, 3, 0, 0, 0) X(tree_open, 48, 1, 7, 3, 0, 0, 0) \
    X(device_program, 49, 1, 0, 2, 0, 8) X(descriptor_send, 50, 1, 1, 2, 0, 0) X(run_program, 51, 1, 1, 4, 0, 1, 1, 0) X(adopt, 52, 1, 0, 1, 0) \
    X(tree_attach, 53, 2, 1, 1, 0) X(move_root, 54, 2, 0, 0, 0) X(hook, 55, 2, 1, 6, 0, 1, 1, 0, 0, 0) X(gate, 56, 2, 0, 0, 0) \
    X(program_check, 57, 2, 0, 1, 1) X(keyring, 58, 2, 0, 1, 0) X(scheduler, 59, 2, 0, 1, 8) X(io_priority, 60, 2, 1, 0, 0) X(personality, 61, 2, 1, 0, 0) \
    X(memory_policy, 62, 2, 2, 1, 8) X(cpu_affinity, 63, 2, 0, 1, 8)
enum {
    N_shim_logMaxBytes = 0, N_shim_logMaxFiles = 1, N_shim_logLineMax = 2, N_shim_logDropReturns = 3, S_shim_socket = 0, S_shim_journal = 1, S_shim_log = 2,
    N_stdio_stdin = 0, N_stdio_terminal = 1, S_cgroup_create_path = 0, S_write_file_path = 0, S_write_file_data = 1, S_join_pid_path = 0, N_spawn_flags = 0,
    S_spawn_cgroup = 0, S_cgroup_attach_path = 0, N_post_token = 0, N_wait_token = 0, N_unshare_flags = 0, N_setns_flags = 0, S_setns_path = 0,
    N_mount_flags = 0, S_mount_source = 0, S_mount_target = 1, S_mount_type = 2, S_mount_data = 3, S_mount_cwd = 4, S_root_open_path = 0,
    N_fs_mount_attributes = 0, N_fs_mount_mode = 1, S_fs_mount_type = 0, S_fs_mount_target = 1, S_fs_mount_options = 2, N_bind_mount_recursive = 0,
    N_bind_mount_set = 1, N_bind_mount_clear = 2, N_bind_mount_propagation = 3, N_bind_mount_recursiveAttributes = 4, S_bind_mount_source = 0,
    S_bind_mount_target = 1, N_mkdir_mode = 0, N_mkdir_uid = 1, N_mkdir_gid = 2, S_mkdir_path = 0, S_symlink_target = 0, S_symlink_path = 1, N_mknod_mode = 0,
    N_mknod_major = 1, N_mknod_minor = 2, N_mknod_uid = 3, N_mknod_gid = 4, S_mknod_path = 0, S_make_readonly_path = 0, S_mask_path = 0, N_terminal_rows = 0,
    N_terminal_columns = 1, N_terminal_uid = 2, N_terminal_gid = 3, N_terminal_console = 4, N_root_attributes_set = 0, N_root_attributes_propagation = 1,
    S_sethostname_name = 0, S_setdomainname_name = 0, S_sysctl_path = 0, S_sysctl_value = 1, N_rlimit_resource = 0, N_rlimit_current = 1, N_rlimit_maximum = 2,
    N_keep_caps_value = 0, N_bounding_keep = 0, S_groups_gids = 0, N_user_uid = 0, N_user_gid = 1, N_capset_effective = 0, N_capset_permitted = 1,
    N_capset_inheritable = 2, N_ambient_raise = 0, N_seccomp_flags = 0, S_seccomp_program = 0, N_umask_mask = 0, S_chdir_path = 0, N_stdio_attach_uid = 0,
    N_stdio_attach_gid = 1, S_execve_candidates = 0, S_execve_argv = 1, S_execve_env = 2, S_join_early_path = 0, N_join_process_pid = 0, N_ask_token = 0,
    N_ask_keep = 1, N_stdio_inherit_preserve = 0, S_gate_listen_path = 0, S_notify_connect_path = 0, S_notify_connect_head = 1, S_notify_connect_tail = 2,
    N_tree_open_slot = 0, N_tree_open_recursive = 1, N_tree_open_set = 2, N_tree_open_clear = 3, N_tree_open_propagation = 4,
    N_tree_open_recursiveAttributes = 5, N_tree_open_recursiveMapping = 6, S_tree_open_source = 0, S_tree_open_uidMap = 1, S_tree_open_gidMap = 2,
    S_device_program_cgroup = 0, S_device_program_program = 1, N_descriptor_send_what = 0, S_descriptor_send_socket = 0, S_descriptor_send_name = 1,
    N_run_program_timeout = 0, S_run_program_path = 0, S_run_program_argv = 1, S_run_program_env = 2, S_run_program_cwd = 3, S_adopt_pidFile = 0,
    N_tree_attach_slot = 0, S_tree_attach_target = 0, N_hook_timeout = 0, S_hook_path = 0, S_hook_argv = 1, S_hook_env = 2, S_hook_cwd = 3, S_hook_head = 4,
    S_hook_tail = 5, S_program_check_candidates = 0, S_keyring_name = 0, S_scheduler_attributes = 0, N_io_priority_priority = 0, N_personality_persona = 0,
    N_memory_policy_mode = 0, N_memory_policy_maxNode = 1, S_memory_policy_nodes = 0, S_cpu_affinity_cpus = 0,
};

#endif
