/*
 * reaper PIDFILE COMMAND [ARG...]: what containerd's shim and conmon are to a runtime. Runs the command to its end, then
 * waits for the process whose pid the command wrote into the file: it has to have become a child of this one. Prints the
 * exit codes of both; -1 for a process that is no child.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int end_of(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t command = fork();
    if (command == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    int ended = end_of(command), pid = 0;
    FILE *file = fopen(argv[1], "r");
    if (file && fscanf(file, "%d", &pid) != 1) pid = 0;
    dprintf(3, "%d %d\n", ended, pid > 0 ? end_of(pid) : -1);
    return 0;
}
