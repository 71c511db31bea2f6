/* SPDX-License-Identifier: MIT
 * Times of whole programs.
 */
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

extern char **environ;

static void run(char **command) {
        int status, r;
        pid_t pid;

        r = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
        if (r != 0) {
                errno = r;
                die(command[0]);
        }
        if (waitpid(pid, &status, 0) != pid)
                die(command[0]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                errno = ECANCELED;
                die(command[0]);
        }
}

/* milliseconds from the start of a command to its end */
void verb_time(int argc, char **argv) {
        double start = seconds_now();

        (void)argc;
        run(argv);
        (void)printf("%.3f\n", (seconds_now() - start) * 1e3);
}

/* milliseconds from the start of a command that mounts and goes to the background, to the end of listing PATH */
void verb_start(int argc, char **argv) {
        _cleanup_dir_ DIR *d = NULL;
        double start = seconds_now();

        (void)argc;
        run(argv + 1);
        d = opendir(argv[0]);
        if (!d)
                die(argv[0]);
        for (errno = 0; readdir(d); errno = 0)
                ;
        if (errno != 0)
                die(argv[0]);
        (void)printf("%.3f\n", (seconds_now() - start) * 1e3);
}
