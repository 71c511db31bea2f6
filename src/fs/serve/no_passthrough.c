/* SPDX-License-Identifier: MIT
 * Replaces passthrough.c with a libfuse before 3.17: the daemon moves all bytes.
 */
#include "serve/serve.h"

void passthrough_init(struct mount *mount, struct fuse_conn_info *connection) {
        (void)mount;
        (void)connection;
}

void passthrough_begin(struct call *call, struct open_file *file, struct fuse_file_info *fi) {
        (void)call;
        (void)file;
        (void)fi;
}

void passthrough_end(struct call *call, struct open_file *file) {
        (void)call;
        (void)file;
}
