/*
 * Builds a filter through libseccomp and writes its BPF to stdout: the peer that our compiler is
 * compared with. Reads lines from stdin:
 *
 *   default VALUE                          action as a SECCOMP_RET_ number, first line
 *   arch NAME                              x86_64, x86, x32, aarch64, arm
 *   foreign                                leaves out this machine's own architecture
 *   rule VALUE NAME [INDEX OP FIRST SECOND]...   OP as in enum scmp_compare
 *
 * Names that this libseccomp does not know are skipped and printed to stderr, one a line.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int add_arch(scmp_filter_ctx filter, const char *name) {
    uint32_t arch = seccomp_arch_resolve_name(name);
    int error = arch == 0 ? -EINVAL : seccomp_arch_add(filter, arch);
    return error == -EEXIST ? 0 : error;
}

static int add_rule(scmp_filter_ctx filter, char *words) {
    uint32_t action = (uint32_t)strtoul(strtok(words, " "), NULL, 0);
    const char *name = strtok(NULL, " ");
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) {
        fprintf(stderr, "%s\n", name);
        return 0;
    }
    struct scmp_arg_cmp conditions[6];
    unsigned count = 0;
    for (char *index; count < 6 && (index = strtok(NULL, " ")) != NULL; count++) {
        conditions[count].arg = (unsigned)strtoul(index, NULL, 0);
        conditions[count].op = (enum scmp_compare)strtoul(strtok(NULL, " "), NULL, 0);
        conditions[count].datum_a = strtoull(strtok(NULL, " "), NULL, 0);
        conditions[count].datum_b = strtoull(strtok(NULL, " "), NULL, 0);
    }
    return seccomp_rule_add_array(filter, action, number, count, conditions);
}

int main(void) {
    static char line[4096];
    scmp_filter_ctx filter = NULL;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        int error = 0;
        if (strncmp(line, "default ", 8) == 0) filter = seccomp_init((uint32_t)strtoul(line + 8, NULL, 0));
        else if (filter == NULL) return 2;
        else if (strncmp(line, "arch ", 5) == 0) error = add_arch(filter, line + 5);
        else if (strcmp(line, "foreign") == 0) error = seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
        else if (strncmp(line, "rule ", 5) == 0) error = add_rule(filter, line + 5);
        if (error < 0) {
            fprintf(stderr, "error %d: %s\n", error, line);
            return 1;
        }
    }
    return filter != NULL && seccomp_export_bpf(filter, STDOUT_FILENO) == 0 ? 0 : 1;
}
