/* The seccomp listener. The process itself can make no call behind its filter, so a thread of it that is not
 * filtered, as it was there before, hands the listener over; the exec ends the thread, if it has not ended by then. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include "plan.h"
#include "shim.h"

RECORD(notify_connect) {
    run->agent = run_keep(run, connect_to(TEXT(notify_connect, path)));
    run->agent_words[0] = *STRING(notify_connect, head);
    run->agent_words[1] = *STRING(notify_connect, tail);
    return run->agent < 0 ? run->agent : 0;
}

/* What the two threads tell each other by, one step after the other. */
static int32_t look(int32_t *place) {
    return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

static int deliver(void *argument) {
    const struct run *run = argument;
    struct shared *shared = run->shared;
    const struct timespec moment = {.tv_nsec = 20000};
    while (look(&shared->listener) == 0 || look(&shared->pid) == 0) nanosleep(&moment, NULL);
    char *end = stpcpy(run->agent_state, run->agent_words[0].data);
    end = stpcpy(print_number(end, (uint64_t)shared->pid, 1), run->agent_words[1].data);
    const struct text state = {run->agent_state, (uint32_t)(end - run->agent_state)};
    int error = send_descriptors(run->agent, &state, &shared->listener, 1);
    /* So that the agent, and nobody else, has it; and sees the end of the message. */
    close(shared->listener);
    close(run->agent);
    __atomic_store_n(&shared->delivered, error < 0 ? error : 1, __ATOMIC_RELEASE);
    return 0;
}

int seccomp_notified(struct run *run, uint64_t flags, const struct sock_fprog *filter) {
    enum { STACK = 64 * 1024, PID_DIGITS = 24 };
    struct shared *shared = run->shared;
    if (run->agent <= 0) return -EDESTADDRREQ;
    size_t size = STACK + PID_DIGITS + run->agent_words[0].size + run->agent_words[1].size;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) return -errno;
    run->agent_state = stack + STACK;
    int shares = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (clone(deliver, stack + STACK, shares, run) < 0) return -errno;
    /* For a single thread this changes nothing, and the other one must stay free. */
    flags &= ~(uint64_t)SECCOMP_FILTER_FLAG_TSYNC;
    int listener = check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter));
    if (listener < 0) return listener;
    __atomic_store_n(&shared->listener, listener, __ATOMIC_RELEASE);
    /* Even to wait would be a call. */
    while (look(&shared->delivered) == 0) {}
    return look(&shared->delivered) < 0 ? look(&shared->delivered) : 0;
}
