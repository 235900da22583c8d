/* The one way to listen: for the launcher, and for each shim. */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "process.h"

int listen_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    AUTO_FD listener = check(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (listener < 0) return listener;
    mode_t before = umask(0177);
    int error = check(bind(listener, (struct sockaddr *)&address, sizeof address));
    umask(before);
    if (error == 0) error = check(listen(listener, 128));
    return error < 0 ? error : take(&listener);
}
