/* Programs of the host and hooks: run, waited for with a limit, and heard when they fail. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "plan.h"
#include "shim.h"

enum { EXIT_STATUS = 256 }; /* errnos from here on are those of programs */

struct program {
    const char *path, *cwd;
    const struct text *argv, *env;
    uint64_t timeout;
    struct text input;
    const int *stdio; /* what of it is missing is made here */
    bool grouped;     /* a process group of its own; else it is of its caller's, which then dies with it */
};

/* In the child. The errno of a failed exec goes through the shared memory. */
static _Noreturn void become_program(struct run *run, const struct program *program, const int stdio[3]) {
    sigset_t none;
    sigemptyset(&none);
    char **argv = calloc(list_items(program->argv, NULL) + 1, sizeof *argv);
    char **env = calloc(list_items(program->env, NULL) + 1, sizeof *env);
    int error = argv == NULL || env == NULL ? -ENOMEM : 0;
    if (program->grouped) setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* who waits for it is killed when the start fails elsewhere */
    if (error == 0 && *program->cwd != 0) error = check(chdir(program->cwd));
    for (int i = 0; i < 3 && error >= 0; i++) error = check(dup2(stdio[i], i));
    if (error >= 0) error = sys_close_range(3, ~0u, 0);
    if (error >= 0) {
        list_items(program->argv, argv);
        list_items(program->env, env);
        for (int number = 1; number <= 64; number++) signal(number, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        error = check(execve(program->path, argv, env));
    }
    run->shared->program_error = -error;
    _exit(127);
}

/* What it reads and what it says are in memory: nobody has to attend to it while it runs. */
static int memory_file(const struct text *content) {
    AUTO_FD file = check(syscall(SYS_memfd_create, "berth-program", 1u /* MFD_CLOEXEC */));
    if (file < 0) return file;
    ssize_t written = pwrite(file, content->data, content->size, 0);
    return written == (ssize_t)content->size ? take(&file) : written < 0 ? -errno : -EIO;
}

/* Keeps the last of what it said. */
static void keep_note(struct shared *shared, int said) {
    off_t end = lseek(said, 0, SEEK_END), room = sizeof shared->note;
    ssize_t size = pread(said, shared->note, sizeof shared->note, end > room ? end - room : 0);
    shared->note_size = size > 0 ? (uint32_t)size : 0;
}

static bool ends_in_time(int pidfd, uint64_t timeout) {
    uint64_t now = nanoseconds(CLOCK_MONOTONIC) / 1000000u, end = timeout ? now + timeout : ~(uint64_t)0;
    struct pollfd program = {.fd = pidfd, .events = POLLIN};
    for (; now < end; now = nanoseconds(CLOCK_MONOTONIC) / 1000000u)
        if (poll(&program, 1, end - now < 3600000 ? (int)(end - now) : 3600000) > 0) return true;
    return false;
}

static int await_program(struct run *run, const struct program *program, pid_t pid) {
    int status = 0;
    struct shared *shared = run->shared;
    AUTO_FD pidfd = check(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd >= 0 && !ends_in_time(pidfd, program->timeout)) {
        shared->program_error = ETIMEDOUT;
        kill(program->grouped ? -pid : 0, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (shared->program_error != 0) return -shared->program_error;
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return code == 0 ? 0 : -(EXIT_STATUS + code);
}

static int run_to_end(struct run *run, const struct program *program) {
    AUTO_FD input = memory_file(&program->input), said = memory_file(&(struct text){"", 0});
    if (input < 0 || said < 0) return input < 0 ? input : said;
    int stdio[3] = {input, said, said};
    for (int i = 0; i < 3 && program->stdio != NULL; i++)
        if (program->stdio[i] >= 0) stdio[i] = program->stdio[i];
    run->shared->program_error = 0;
    run->shared->note_size = 0;
    pid_t pid = fork();
    if (pid < 0) return -errno;
    if (pid == 0) become_program(run, program, stdio);
    if (program->grouped) setpgid(pid, pid);
    int error = await_program(run, program, pid);
    if (error < 0) keep_note(run->shared, said);
    return error;
}

RECORD(hook) {
    char pid[24], *end = print_number(pid, (uint64_t)getpid(), 1);
    size_t head = SIZE(hook, head), tail = SIZE(hook, tail), number = (size_t)(end - pid);
    char *state = malloc(head + number + tail + 1);
    if (state == NULL) return -ENOMEM;
    memcpy(mempcpy(mempcpy(state, TEXT(hook, head), head), pid, number), TEXT(hook, tail), tail);
    struct program program = {
        .path = TEXT(hook, path), .cwd = TEXT(hook, cwd), .timeout = NUMBER(hook, timeout), .grouped = true,
        .argv = STRING(hook, argv), .env = STRING(hook, env),
        .input = {state, (uint32_t)(head + number + tail)},
    };
    int error = run_to_end(run, &program);
    free(state);
    return error;
}

/* The shim must not wait, so a helper does. Both are a group of their own, to be killed with all that they started. */
RECORD(run_program) {
    struct program program = {
        .path = TEXT(run_program, path), .cwd = TEXT(run_program, cwd), .timeout = NUMBER(run_program, timeout),
        .argv = STRING(run_program, argv), .env = STRING(run_program, env),
        .input = {"", 0}, .stdio = run->stdio,
    };
    if (run->waiting_since != 0) return run->helper > 0 ? WAITS : -run->shared->program_error;
    run->shared->program_error = ECHILD; /* unless it lives to say otherwise */
    pid_t helper = fork();
    if (helper < 0) return -errno;
    setpgid(helper, helper);
    if (helper > 0) {
        run->helper = helper;
        return WAITS;
    }
    for (int i = 0; i < 3; i++) /* where they outlive the next line */
        if (run->stdio[i] >= 0) run->stdio[i] = dup2(run->stdio[i], i);
    sys_close_range(3, ~0u, 0);
    run->shared->program_error = -run_to_end(run, &program);
    _exit(0);
}

/* The terminal, if the program was to send one, waits in the socket of `gate_listen` by now. */
static int accept_terminal(struct run *run) {
    uint8_t first;
    int descriptors[2] = {-1, -1};
    AUTO_FD sender = check(accept4(run->gate, NULL, NULL, SOCK_CLOEXEC));
    if (sender < 0) return sender;
    if (receive_descriptors(sender, MSG_DONTWAIT, &first, descriptors) <= 0 || descriptors[0] < 0) return -EBADF;
    close_descriptor(&descriptors[1]);
    descriptors[1] = check(ioctl(descriptors[0], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    process_take_terminal(run->process, descriptors);
    return descriptors[1] < 0 ? descriptors[1] : 0;
}

/* By its number, but proven to be our own child: the file may be of an earlier one. */
RECORD(adopt) {
    struct process *process = run->process;
    char text[16] = "";
    siginfo_t info;
    AUTO_FD file = check(open(TEXT(adopt, pidFile), O_RDONLY | O_CLOEXEC));
    if (file < 0) return file;
    if (read(file, text, sizeof text - 1) <= 0 || (process->pid = atoi(text)) <= 0) return process->pid = 0, -EINVAL;
    if (!process_take_stray(process)) {
        process->pidfd = check(syscall(SYS_pidfd_open, process->pid, 0));
        if (process->pidfd < 0 || waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
            return process->pid = 0, -ECHILD;
    }
    for (int i = 0; i < 3; i++) close_descriptor(&run->stdio[i]);
    return run->gate > 0 ? accept_terminal(run) : 0;
}

RECORD(program_check) {
    const struct text *candidates = STRING(program_check, candidates);
    int kept = -ENOENT;
    for (uint32_t at = 0; at < candidates->size;) {
        const char *path = candidates->data + at;
        struct stat status;
        int error = check(stat(path, &status));
        if (error == 0) error = S_ISREG(status.st_mode) ? check(faccessat(AT_FDCWD, path, X_OK, AT_EACCESS)) : -EACCES;
        if (error == 0) return 0;
        if (kept != -EACCES) kept = error;
        at += (uint32_t)strlen(path) + 1;
    }
    return kept;
}
