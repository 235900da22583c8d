#include "probe.h"
#include <ifaddrs.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void ids(const struct word *word) {
    (void)word;
    json_open('{');
    json_key("pid"), json_number(getpid());
    json_key("ppid"), json_number(getppid());
    json_key("sid"), json_number(getsid(0));
    json_key("pgid"), json_number(getpgrp());
    json_key("uid"), json_number(getuid());
    json_key("gid"), json_number(getgid());
    json_close('}');
}

static void environment(const struct word *word) {
    (void)word;
    json_open('[');
    for (char **each = environ; *each; each++) json_text(*each);
    json_close(']');
}

static void working_folder(const struct word *word) {
    char path[4096];
    (void)word;
    if (getcwd(path, sizeof path)) json_text(path);
    else json_result(-1);
}

static void system_names(const struct word *word) {
    struct utsname names;
    (void)word;
    uname(&names);
    json_open('{');
    json_key("hostname"), json_text(names.nodename);
    json_key("domainname"), json_text(names.domainname);
    json_key("machine"), json_text(names.machine);
    json_close('}');
}

static const char *const limit_names[] = {"CPU",     "FSIZE", "DATA",   "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
                                          "MEMLOCK", "AS",    "LOCKS",  "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};

/* Unlimited is -1. */
static void limits(const struct word *word) {
    (void)word;
    json_open('{');
    for (int at = 0; at < RLIMIT_NLIMITS; at++) {
        struct rlimit limit;
        getrlimit(at, &limit);
        json_key(limit_names[at]), json_open('[');
        json_number((long long)limit.rlim_cur), json_number((long long)limit.rlim_max);
        json_close(']');
    }
    json_close('}');
}

struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static void scheduler(const struct word *word) {
    struct scheduling seen = {0};
    (void)word;
    if (syscall(SYS_sched_getattr, 0, &seen, sizeof seen, 0)) return json_result(-1);
    json_open('{');
    json_key("policy"), json_number(seen.policy);
    json_key("flags"), json_number(seen.flags);
    json_key("nice"), json_number(seen.nice);
    json_key("priority"), json_number(seen.priority);
    json_key("runtime"), json_number(seen.runtime);
    json_key("deadline"), json_number(seen.deadline);
    json_key("period"), json_number(seen.period);
    json_close('}');
}

static void io_priority(const struct word *word) {
    (void)word;
    long value = syscall(SYS_ioprio_get, 1, 0);
    json_open('[');
    json_number(value >> 13), json_number(value & 0x1fff);
    json_close(']');
}

static void execution_domain(const struct word *word) {
    (void)word;
    json_number(personality(0xffffffff));
}

static void memory_policy(const struct word *word) {
    unsigned long nodes[16] = {0};
    int mode = 0;
    (void)word;
    if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, 0, 0)) return json_result(-1);
    json_open('{');
    json_key("mode"), json_number(mode);
    json_key("nodes"), json_number(nodes[0]);
    json_close('}');
}

static void affinity(const struct word *word) {
    cpu_set_t set;
    (void)word;
    if (sched_getaffinity(0, sizeof set, &set)) return json_result(-1);
    json_open('[');
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set)) json_number(cpu);
    json_close(']');
}

static void flags(const struct word *word) {
    int subreaper = 0, death = 0;
    (void)word;
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    prctl(PR_GET_PDEATHSIG, &death);
    json_open('{');
    json_key("dumpable"), json_number(prctl(PR_GET_DUMPABLE));
    json_key("securebits"), json_number(prctl(PR_GET_SECUREBITS));
    json_key("noNewPrivileges"), json_number(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    json_key("subreaper"), json_number(subreaper);
    json_key("deathSignal"), json_number(death);
    json_close('}');
}

/* The session keyring, as KEYCTL_DESCRIBE tells it: type;uid;gid;permissions;description. */
static void keyring(const struct word *word) {
    char text[512] = "";
    (void)word;
    if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof text) < 0) return json_result(-1);
    json_text(text);
}

static void clocks(const struct word *word) {
    struct timespec monotonic, boot;
    (void)word;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    json_open('{');
    json_key("monotonic"), json_number(monotonic.tv_sec);
    json_key("boottime"), json_number(boot.tv_sec);
    json_close('}');
}

static void terminal(const struct word *word) {
    (void)word;
    struct winsize size = {0};
    char name[128];
    json_open('{');
    json_key("names"), json_open('[');
    for (int fd = 0; fd < 3; fd++) json_text(ttyname_r(fd, name, sizeof name) ? "" : name);
    json_close(']');
    ioctl(0, TIOCGWINSZ, &size);
    json_key("rows"), json_number(size.ws_row);
    json_key("columns"), json_number(size.ws_col);
    json_key("session"), json_number(tcgetsid(0));
    json_key("foreground"), json_number(tcgetpgrp(0));
    json_close('}');
}

static void interfaces(const struct word *word) {
    struct if_nameindex *all = if_nameindex();
    int any = socket(2, 1, 0);
    (void)word;
    json_open('{');
    for (struct if_nameindex *each = all; each && each->if_index; each++) {
        struct ifreq request = {0};
        memcpy(request.ifr_name, each->if_name, strnlen(each->if_name, IFNAMSIZ - 1));
        ioctl(any, SIOCGIFFLAGS, &request);
        json_key(each->if_name), json_number(request.ifr_flags);
    }
    json_close('}');
    if_freenameindex(all);
    close(any);
}

const struct entry process_reports[] = {
    {"ids", ids},
    {"env", environment},
    {"cwd", working_folder},
    {"uname", system_names},
    {"limits", limits},
    {"scheduler", scheduler},
    {"io-priority", io_priority},
    {"personality", execution_domain},
    {"memory-policy", memory_policy},
    {"affinity", affinity},
    {"flags", flags},
    {"keyring", keyring},
    {"clocks", clocks},
    {"terminal", terminal},
    {"interfaces", interfaces},
    {0},
};
