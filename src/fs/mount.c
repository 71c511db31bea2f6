/* SPDX-License-Identifier: MIT
 * Makes and serves the mount. The process goes to the background once the mount is there; else it prints why it failed.
 */
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel/kernel.h"
#include "options.h"
#include "serve/serve.h"
#include "timestamp.h"
#include "tree/tree.h"
#include "verbs/verbs.h"

static void mount_warn(const char *what, const char *why) {
        (void)fprintf(stderr, "imgsharefs: %s: %s\n", what, why);
}

static int mount_fail(const char *what, const char *why) {
        mount_warn(what, why);
        return 1;
}

/* Prints libfuse's messages as ours: "fuse: bad mount point" becomes "imgsharefs: bad mount point". */
__attribute__((format(printf, 2, 0))) static void log_message(enum fuse_log_level level, const char *format,
                                                              va_list arguments) {
        char text[512];
        const char *message = text;

        (void)level;
        (void)vsnprintf(text, sizeof(text), format, arguments); /* a long message is cut */
        if (strncmp(text, "fuse: ", strlen("fuse: ")) == 0) {
                message += strlen("fuse: ");
                (void)fputs("imgsharefs: ", stderr);
        }
        (void)fputs(message, stderr);
}

void mount_log(void) {
        fuse_set_log_func(log_message);
}

/* --- the process --- */

/* Forks unless foreground. The parent waits until the child is ready or has ended, and exits with its status.
 * ret_ready: descriptor for mount_ready(), -1 in the foreground. Returns 0 in the process that serves, or -errno. */
static int mount_background(bool foreground, int *ret_ready) {
        int pipe_fds[2], status = 0;
        char word;
        pid_t pid, ended;
        ssize_t n;

        *ret_ready = -1;
        if (foreground)
                return 0;
        if (pipe2(pipe_fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
                return -errno;
        if (pid == 0) {
                (void)close(pipe_fds[0]);
                (void)setsid(); /* cannot fail: a child just forked leads no group */
                *ret_ready = pipe_fds[1];
                return 0;
        }
        (void)close(pipe_fds[1]);
        n = read(pipe_fds[0], &word, 1);
        if (n == 1)
                _exit(0);
        if (n < 0) { /* a mount reported as failed must not serve */
                (void)mount_fail("going to the background", strerror(errno));
                (void)kill(pid, SIGTERM);
        }
        ended = waitpid(pid, &status, 0);
        _exit(n == 0 && ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* Leaves the terminal and the working directory, and tells the parent that the mount is there. */
static void mount_ready(int fd) {
        int null;

        if (fd < 0)
                return;
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null >= 0) {
                (void)dup2(null, STDIN_FILENO);
                (void)dup2(null, STDOUT_FILENO);
                (void)dup2(null, STDERR_FILENO);
                (void)fd_close(null);
        }
        (void)chdir("/");
        (void)!write(fd, "", 1); /* if the parent is gone nobody waits */
        (void)fd_close(fd);
}

#define DESCRIPTORS (1U << 20) /* Linux's default maximum for a process (fs.nr_open) */

/* Each open disk and each lock takes a descriptor: the default of 1024 is soon used up. */
static void raise_descriptors(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        if (limit.rlim_max < DESCRIPTORS)
                (void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){ DESCRIPTORS, DESCRIPTORS }); /* if permitted */
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit); /* as many as permitted */
        }
}

/* --- the session --- */

/* Adds `fsname=DIR,subtype=imgsharefs`, so that mount and df show what is mounted. */
static int name_filesystem(struct fuse_args *args, const char *dir, bool read_only) {
        _cleanup_free_ char *real = realpath(dir, NULL), *options = NULL, *escaped = NULL;
        char *p;

        if (!real)
                return -errno;
        escaped = p = malloc(2 * strlen(real) + 1);
        if (!escaped)
                return -ENOMEM;
        for (const char *s = real; *s; s++) {
                if (*s == ',' || *s == '\\')
                        *p++ = '\\';
                *p++ = *s;
        }
        *p = '\0';
        if (asprintf(&options, "-ofsname=%s,subtype=imgsharefs%s", escaped, read_only ? ",ro" : "") < 0)
                return -ENOMEM;
        return fuse_opt_insert_arg(args, 1, options) < 0 ? -ENOMEM : 0; /* first: the user's own fsname= wins */
}

/* If libfuse or the kernel has no io_uring, warns while there is a terminal; the usual loop serves then. */
static int ask_io_uring(struct fuse_args *args) {
#ifdef HAVE_FUSE_IO_URING
        _cleanup_fd_ int fd = open("/sys/module/fuse/parameters/enable_uring", O_RDONLY | O_CLOEXEC);
        char enabled = 'N';

        if (fd >= 0 && read(fd, &enabled, 1) == 1 && enabled == 'Y')
                return fuse_opt_insert_arg(args, 1, "-oio_uring");
        mount_warn("io_uring", "the kernel does not offer it (fuse's parameter enable_uring is off); going on without");
#else
        (void)args;
        mount_warn("io_uring", "this libfuse has none; going on without");
#endif
        return 0;
}

/* libfuse's own loop, for clone_fd and io_uring: there requests do not come by one descriptor. */
static int mount_serve_libfuse(struct mount *mount, const struct options *options) {
        struct fuse_loop_config *config = fuse_loop_cfg_create();
        int r;

        if (!config)
                return -ENOMEM;
        fuse_loop_cfg_set_clone_fd(config, options->fuse.clone_fd);
        fuse_loop_cfg_set_max_threads(config, LOOP_THREADS);
        fuse_loop_cfg_set_idle_threads(config, LOOP_THREADS);
        r = fuse_session_loop_mt(mount->session, config);
        fuse_loop_cfg_destroy(config);
        return r;
}

static int mount_serve(struct mount *mount, const struct options *options, int ready_fd) {
        int r;

        if (options->fuse.clone_fd || options->io_uring) {
                mount_ready(ready_fd); /* libfuse does not tell when its loop has begun */
                r = mount_serve_libfuse(mount, options);
        } else {
                r = loop_run(mount, mount_ready, ready_fd);
        }
        return r < 0 ? mount_fail("serving", strerror(-r)) : 0; /* above 0: the signal that ended it */
}

static int mount_session(struct mount *mount, struct fuse_args *args, const struct options *options, int ready_fd) {
        int status = 1;

        mount->session = fuse_session_new(args, &counted_operations, sizeof(counted_operations), mount);
        if (!mount->session)
                return 1; /* libfuse has printed why */
        if (fuse_set_signal_handlers(mount->session) == 0) {
                if (fuse_session_mount(mount->session, options->fuse.mountpoint) == 0) {
                        int r = options->no_cache || options->asof ? 0 : feed_start(mount);

                        if (r < 0) {
                                (void)mount_fail("the feed of changes", strerror(-r));
                        } else {
                                status = mount_serve(mount, options, ready_fd);
                                feed_stop(mount);
                        }
                        fuse_session_unmount(mount->session);
                }
                fuse_remove_signal_handlers(mount->session);
        }
        fuse_session_destroy(mount->session);
        return status;
}

/* Whether the mount would hide the catalog, or be looked at as a part of it: then nobody could unmount it in peace. */
static bool mount_is_inside(const char *mountpoint, const char *dir) {
        _cleanup_free_ char *inner = realpath(mountpoint, NULL), *outer = realpath(dir, NULL);
        const size_t n = outer ? strlen(outer) : 0;

        return inner && outer && strncmp(inner, outer, n) == 0 && (inner[n] == '/' || inner[n] == '\0' || n == 1);
}

static int mount_catalog(struct mount *mount, const struct options *options) {
        enum service_flags flags = SERVICE_BACKGROUND | SERVICE_AS_POSSIBLE | SERVICE_RESERVE;
        char why[WHY_SIZE];
        int r;

        if (options->durability && strcmp(options->durability, "normal") == 0)
                flags |= SERVICE_NOT_DURABLE;
        if (options->read_only)
                flags |= SERVICE_READ_ONLY;
        if (mount_is_inside(options->fuse.mountpoint, options->dir))
                return mount_fail(options->fuse.mountpoint, "is the catalog's own directory, or in it: mount it somewhere else");
        r = service_open_asof(options->dir, options->asof, flags, &mount->service, why);
        if (r < 0)
                return mount_fail(options->dir, why);
        if (service_note(mount->service)[0])
                mount_warn(options->dir, service_note(mount->service));
        mount->failures.foreign = service_foreign(mount->service) != NULL;
        if (mount->failures.foreign)
                mount_warn(service_is_read_only(mount->service) ? "read-only" : options->dir,
                           service_foreign(mount->service));
        if (options->multiuser)
                return 0;
        r = service_caller(mount->service, options->account, getuid(), VIA_MOUNT, &mount->caller);
        if (r == -ENOENT)
                return mount_fail(options->account, "no such account");
        return r < 0 ? mount_fail(options->account, strerror(-r)) : 0;
}

int mount_run(struct fuse_args *args, struct options *options) {
        _cleanup_service_ struct service *service = NULL;
        struct mount mount = { .multiuser = options->multiuser, .uid = options->uid, .gid = options->gid,
                               .umask = (mode_t)options->umask,
                               .debug = options->fuse.debug, .started = timestamp_now(), .kinds = kinds_all };
        int status, ready_fd, r = mount_background(options->fuse.foreground, &ready_fd);

        if (r < 0)
                return mount_fail("going to the background", strerror(-r));
        mount.failures.background = ready_fd >= 0;
        raise_descriptors();
        (void)pthread_mutex_init(&mount.denials_lock, NULL); /* cannot fail with default attributes */
        (void)pthread_mutex_init(&mount.files_lock, NULL);
        (void)pthread_mutex_init(&mount.exposure_turn, NULL);
        (void)pthread_mutex_init(&mount.viewers_lock, NULL);
        status = mount_catalog(&mount, options);
        service = mount.service;
        if (status != 0)
                return status;
        if (!options->multiuser && !viewer_add(&mount, &mount.caller))
                return mount_fail(options->dir, strerror(ENOMEM));
        mount.read_only = service_is_read_only(service) || mount.caller.role == ROLE_AUDITOR;
        if (!mount.read_only && service_sweep_begin(service) < 0)
                return mount_fail("sweeping", strerror(ENOMEM));
        r = name_filesystem(args, options->dir, mount.read_only);
        if (r < 0)
                return mount_fail(options->dir, strerror(-r));
        if (options->io_uring && ask_io_uring(args) < 0)
                return mount_fail("io_uring", strerror(ENOMEM));
        mount.stats = stats_new();
        if (!mount.stats)
                return mount_fail("starting", strerror(ENOMEM));
        status = mount_session(&mount, args, options, ready_fd);
        files_close(&mount);
        denials_clear(&mount);
        viewers_clear(&mount);
        mount.stats = stats_free(mount.stats);
        return status;
}
