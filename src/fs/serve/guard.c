/* SPDX-License-Identifier: MIT
 * Keeps callers from waiting for ever for a killed daemon. A connection ends when its last descriptor is closed. But a
 * thread that tells the kernel to drop a name may wait, unkillable, for a directory's lock, and keeps its descriptors
 * meanwhile; the lock's holder may wait for this daemon's answer. So
 *   - such threads have a descriptor table of their own, with a descriptor of the connection that no request is read
 *     from: requests that were read but not answered fail when the daemon's own descriptors are closed;
 *   - a child waits for the daemon's death, to refuse requests that were not read.
 * guard_drop_read() keeps a daemon that is told to end from waiting for such a thread for ever.
 */
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

#define DEATH (SIGRTMIN + 3)  /* nobody else sends it */
#define LAST_ROUND_MS 500     /* idle time before the child ends: a lock is free after a few requests */
#define REQUEST_MAX (2U << 20) /* bytes, more than max_write */

/* Replaces `fd` by another descriptor of the same connection. */
static int replace_descriptor(int fd) {
        uint32_t connection = (uint32_t)fd;
        _cleanup_fd_ int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

        if (device < 0 || ioctl(device, FUSE_DEV_IOC_CLONE, &connection) < 0 || dup3(device, fd, O_CLOEXEC) < 0)
                return -errno;
        return 0;
}

/* The same, and closes all other descriptors but the standard ones. */
static int own_descriptor(int fd) {
        int r = replace_descriptor(fd);

        if (r == 0 && fd > STDERR_FILENO + 1)
                (void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0); /* one left open is harmless here */
        if (r == 0)
                (void)close_range((unsigned)fd + 1, ~0U, 0);
        return r;
}

/* A reader of the daemon's output must not wait for this thread or process to end. */
static void guard_silence(void) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int standard = STDIN_FILENO; null >= 0 && standard <= STDERR_FILENO; standard++)
                (void)dup2(null, standard);
        (void)fd_close(null);
}

void guard_thread(struct fuse_session *session, bool silent) {
        if (unshare(CLONE_FILES) < 0)
                return; /* it shares the daemon's table, as without a guard */
        if (silent)
                guard_silence();
        (void)own_descriptor(fuse_session_fd(session));
}

void guard_drop_read(struct fuse_session *session) {
        (void)replace_descriptor(fuse_session_fd(session)); /* if this fails, requests fail when the daemon has ended */
}

/* --- the child --- */

static void guard_refuse(int fd, const struct fuse_in_header *request) {
        struct fuse_out_header reply = { .len = sizeof(reply), .error = -ENOTCONN, .unique = request->unique };

        if (request->opcode != FUSE_FORGET && request->opcode != FUSE_BATCH_FORGET && request->opcode != FUSE_INTERRUPT)
                (void)!write(fd, &reply, sizeof(reply)); /* the caller may be gone */
}

/* Calls only what is safe in the child of a process with threads. ready: closed when it is on guard. */
_Noreturn static void guard_watch(int fd, int ready, void *buffer) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        sigset_t death;
        int number;

        (void)prctl(PR_SET_NAME, "imgsharefs-guard"); /* none of these can fail */
        (void)sigfillset(&death);
        (void)sigprocmask(SIG_SETMASK, &death, NULL);
        (void)sigemptyset(&death);
        (void)sigaddset(&death, DEATH);
        (void)!chdir("/");
        guard_silence();
        (void)fd_close(ready);
        if (own_descriptor(fd) < 0)
                _exit(0);
        (void)sigwait(&death, &number); /* the set is valid */
        for (int ms = 0; ms < LAST_ROUND_MS;) {
                int n = poll(&poll_fd, 1, 10);

                if (n < 0 || (n > 0 && poll_fd.revents != POLLIN))
                        break; /* the connection has ended */
                if (n == 0)
                        ms += 10;
                else if (read(fd, buffer, REQUEST_MAX) >= (ssize_t)sizeof(struct fuse_in_header))
                        guard_refuse(fd, buffer);
        }
        _exit(0);
}

int guard_start(struct fuse_session *session, pid_t *ret_guard) {
        _cleanup_free_ void *buffer = malloc(REQUEST_MAX);
        pid_t parent = getpid(), guard;
        int ready[2];

        if (!buffer)
                return -ENOMEM;
        if (pipe2(ready, O_CLOEXEC) < 0)
                return -errno;
        guard = fork();
        if (guard == 0) {
                (void)fd_close(ready[0]);
                if (prctl(PR_SET_PDEATHSIG, DEATH) < 0 || getppid() != parent)
                        _exit(0);
                guard_watch(fuse_session_fd(session), ready[1], buffer);
        }
        (void)fd_close(ready[1]);
        if (guard > 0)
                (void)!read(ready[0], &parent, 1); /* waits for the end of file */
        (void)fd_close(ready[0]);
        if (guard < 0)
                return -EAGAIN;
        *ret_guard = guard;
        return 0;
}

void guard_stop(pid_t guard) {
        if (guard <= 0)
                return;
        (void)kill(guard, SIGKILL); /* our child, not waited for yet */
        (void)waitpid(guard, NULL, 0);
}
