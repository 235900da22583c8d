/* Records about the process itself: limits, identity, capabilities, seccomp, and the exec. */
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include "plan.h"
#include "shim.h"

/* On the host track the process's, which in its user namespace may not raise them; and never the shim's own. */
static pid_t whose(const struct run *run, const struct record *record) {
    return record->track == TRACK_CONTAINER ? 0 : run->process->pid > 0 ? run->process->pid : -1;
}

PLAIN(rlimit, SYS_prlimit64, whose(run, record), NUMBER(rlimit, resource),
      ((uint64_t[]){NUMBER(rlimit, current), NUMBER(rlimit, maximum)}), NULL)
PLAIN(keep_caps, SYS_prctl, PR_SET_KEEPCAPS, NUMBER(keep_caps, value), 0, 0, 0)
PLAIN(no_new_privs, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
PLAIN(umask, SYS_umask, NUMBER(umask, mask))
PLAIN(setsid, SYS_setsid)
PLAIN(keyring, SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, TEXT(keyring, name))
PLAIN(io_priority, SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, NUMBER(io_priority, priority))
PLAIN(personality, SYS_personality, NUMBER(personality, persona))
PLAIN(memory_policy, SYS_set_mempolicy, NUMBER(memory_policy, mode),
      SIZE(memory_policy, nodes) > 0 ? TEXT(memory_policy, nodes) : NULL, NUMBER(memory_policy, maxNode))
PLAIN(cpu_affinity, SYS_sched_setaffinity, 0, SIZE(cpu_affinity, cpus), TEXT(cpu_affinity, cpus))
/* By number, as all here: libc's own calls would look for other threads to tell, and there are none. */
PLAIN(groups, SYS_setgroups, SIZE(groups, gids) / 4, TEXT(groups, gids))

RECORD(scheduler) {
    /* The size of struct sched_attr is its own first word: it must not lead beyond the string. */
    const struct text *attributes = STRING(scheduler, attributes);
    uint32_t size = 0;
    if (attributes->size >= sizeof size) memcpy(&size, attributes->data, sizeof size);
    if (size == 0 || size > attributes->size) return -EINVAL;
    return check(syscall(SYS_sched_setattr, 0, attributes->data, 0));
}

RECORD(bounding) {
    for (unsigned capability = 0; capability < 64; capability++) {
        if (NUMBER(bounding, keep) >> capability & 1) continue;
        int error = check(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0));
        if (error == -EINVAL && capability > 0) return 0; /* beyond the kernel's last one */
        if (error < 0) return error;
    }
    return 0;
}

RECORD(user) {
    uint64_t uid = NUMBER(user, uid), gid = NUMBER(user, gid);
    /* The group first: afterwards there may be no right to. */
    if (syscall(SYS_setresgid, gid, gid, gid) < 0) return -errno;
    return check(syscall(SYS_setresuid, uid, uid, uid));
}

RECORD(capset) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (unsigned half = 0; half < 2; half++) {
        data[half].effective = (uint32_t)(NUMBER(capset, effective) >> 32 * half);
        data[half].permitted = (uint32_t)(NUMBER(capset, permitted) >> 32 * half);
        data[half].inheritable = (uint32_t)(NUMBER(capset, inheritable) >> 32 * half);
    }
    return check(syscall(SYS_capset, &header, data));
}

RECORD(ambient) {
    int error = check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    for (unsigned capability = 0; capability < 64 && error == 0; capability++)
        if (NUMBER(ambient, raise) >> capability & 1)
            error = check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
    return error;
}

RECORD(chdir) {
    char folder[4096];
    if (chdir(TEXT(chdir, path)) < 0) return -errno;
    /* Through a leaked descriptor the folder could be outside of the root: the kernel then names no path. */
    long size = syscall(SYS_getcwd, folder, sizeof folder);
    return size < 0 ? -errno : folder[0] == '/' ? 0 : -EXDEV;
}

/* Once a filter is loaded it decides about our own calls too, and the narrowest one knows only what
 * the program needs. So everything but execve is done here, before. */
int seal_process(struct run *run) {
    if (run->sealed) return 0;
    run->sealed = true;
    sigset_t none;
    sigemptyset(&none);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number <= 64; number++) sigaction(number, &standard, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return sys_close_range(3 + run->preserve, ~0u, CLOSE_RANGE_CLOEXEC);
}

RECORD(seccomp) {
    const struct text *program = STRING(seccomp, program);
    int error = seal_process(run);
    if (error < 0 || program->size / sizeof(struct sock_filter) > BPF_MAXINSNS) return error < 0 ? error : -EINVAL;
    struct sock_fprog filter = {
        .len = (unsigned short)(program->size / sizeof(struct sock_filter)),
        .filter = (void *)(uintptr_t)program->data,
    };
    uint64_t flags = NUMBER(seccomp, flags);
    if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) return seccomp_notified(run, flags, &filter);
    return check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter));
}

/* Errnos at which execvp would go on to the next folder of PATH. */
static bool try_next(int error) {
    return error == 0 || error == -ENOENT || error == -ENOTDIR || error == -EACCES;
}

RECORD(execve) {
    const struct text *candidates = STRING(execve, candidates);
    int kept = seal_process(run);
    for (uint32_t at = 0; at < candidates->size && try_next(kept);) {
        run->shared->exec = 1;
        int error = check(execve(candidates->data + at, run->plan.argv, run->plan.env));
        run->shared->exec = 0;
        /* As the shell has it: a program that may not be run tells more than one that is not there. */
        if (kept != -EACCES || !try_next(error)) kept = error;
        at += (uint32_t)strlen(candidates->data + at) + 1;
    }
    return kept;
}
