/* Becomes the user whose number is in BERTH_TEST_USER, without any rights, and then the program in BERTH_TEST_PROGRAM. */
#define _GNU_SOURCE
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **arguments) {
    const char *user = getenv("BERTH_TEST_USER"), *program = getenv("BERTH_TEST_PROGRAM");
    if (count < 2 || user == NULL || program == NULL) return 2;
    uid_t uid = (uid_t)atoi(user);
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0) return 3;
    execv(program, arguments);
    return 4;
}
