/* The device rules of cgroup v2: a program that the kernel asks for every open and mknod in the cgroup. */
#include <linux/bpf.h>
#include <string.h>
#include "plan.h"

static int bpf(enum bpf_cmd command, union bpf_attr *attributes) {
    return check(syscall(SYS_bpf, command, attributes, sizeof *attributes));
}

RECORD(device_program) {
    AUTO_FD cgroup = check(open(TEXT(device_program, cgroup), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (cgroup < 0) return cgroup;
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uintptr_t)TEXT(device_program, program);
    attributes.insn_cnt = (uint32_t)(SIZE(device_program, program) / sizeof(struct bpf_insn));
    attributes.license = (uintptr_t)"Apache-2.0";
    AUTO_FD program = bpf(BPF_PROG_LOAD, &attributes);
    if (program < 0) return program;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    return bpf(BPF_PROG_ATTACH, &attributes);
}
