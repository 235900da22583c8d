/*
 * The program of the demo's image: tells what it sees from inside a container, then ends with the code in its first
 * argument. Static, so that it is the whole file system of its image.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first line of a file without its newline, or NULL. */
static char *first_line(const char *path) {
    static char line[4096];
    FILE *file = fopen(path, "re");
    if (!file) return NULL;
    char *got = fgets(line, sizeof line, file);
    fclose(file);
    if (got) line[strcspn(line, "\n")] = 0;
    return got;
}

/* Either version of cgroups: the first path is version 1's. */
static char *limit(const char *v1, const char *v2) {
    char *value = first_line(v1);
    return value ? value : first_line(v2);
}

static void print_memory(void) {
    char *value = limit("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max");
    if (!value || !strcmp(value, "max")) printf("  memory        unlimited\n");
    else printf("  memory        %lld MiB\n", strtoll(value, NULL, 10) >> 20);
}

static void print_cpus(void) {
    long long quota = -1, period = 100000;
    char *value = first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    if (value) {
        quota = strtoll(value, NULL, 10);
        if ((value = first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))) period = strtoll(value, NULL, 10);
    } else if ((value = first_line("/sys/fs/cgroup/cpu.max")) && strncmp(value, "max", 3)) {
        sscanf(value, "%lld %lld", &quota, &period);
    }
    if (quota < 0) printf("  cpus          unlimited\n");
    else printf("  cpus          %.2f\n", (double)quota / period);
}

static void print_status(const char *key, const char *label) {
    char line[256];
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key))) continue;
        line[strcspn(line, "\n")] = 0;
        printf("  %-13s %s\n", label, line + strlen(key) + strspn(line + strlen(key), ":\t "));
    }
    if (file) fclose(file);
}

static int count_lines(const char *path) {
    int count = 0, c;
    FILE *file = fopen(path, "re");
    while (file && (c = fgetc(file)) != EOF) count += c == '\n';
    if (file) fclose(file);
    return count;
}

static int count_processes(void) {
    int count = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) count += entry->d_name[0] > '0' && entry->d_name[0] <= '9';
    if (proc) closedir(proc);
    return count;
}

int main(int argc, char **argv) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    printf("Hello from inside a container.\n");
    printf("  host name     %s\n", host);
    printf("  process       %d, of %d that can be seen\n", getpid(), count_processes());
    printf("  user          %d:%d\n", getuid(), getgid());
    print_memory();
    print_cpus();
    char *pids = limit("/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max");
    printf("  processes     at most %s\n", pids ? pids : "unlimited");
    print_status("CapEff", "capabilities");
    print_status("Seccomp:", "seccomp mode");
    printf("  mounts        %d\n", count_lines("/proc/self/mountinfo"));
    return argc > 1 ? atoi(argv[1]) : 0;
}
