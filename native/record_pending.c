/* Kinds whose functions are being written: each line goes when its function comes. */
#include "plan.h"

#define PENDING(kind) RECORD(kind) { return -ENOSYS; }
PENDING(join_user) PENDING(join_process) PENDING(ask) PENDING(stdio_inherit) PENDING(gate_listen)
PENDING(notify_connect) PENDING(tree_open) PENDING(device_program) PENDING(descriptor_send)
PENDING(run_program) PENDING(adopt) PENDING(tree_attach) PENDING(move_root) PENDING(hook) PENDING(gate)
PENDING(program_check) PENDING(keyring) PENDING(scheduler) PENDING(io_priority) PENDING(personality)
PENDING(memory_policy) PENDING(cpu_affinity)
