/* SPDX-License-Identifier: MIT
 * What a file must be to be a catalog: its mark, its format, its tables.
 */
#include "connection.h"

static const char schema[] =
#include "schema.sql.h"
        ;

/* "IMGS" in the file's header tells a catalog from other databases. */
#define APPLICATION_ID 0x494d4753
#define UUID_LENGTH 36 /* stores require it */

int catalog_format(struct catalog_connection *c, int64_t *ret_stamp) {
        int64_t application, stamp;
        int r = connection_number(c, "PRAGMA application_id", &application);

        if (r == 0)
                r = connection_number(c, "PRAGMA user_version", &stamp);
        if (r < 0)
                return r;
        if (application != APPLICATION_ID || stamp < 1)
                return -EMEDIUMTYPE;
        *ret_stamp = stamp < 100 ? 100 * stamp : stamp; /* before there were revisions: the format alone */
        return *ret_stamp > CATALOG_STAMP ? -EPROTONOSUPPORT : 0;
}

int catalog_mark(struct catalog_connection *c) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        char *uuid = c->catalog->uuid;
        int r = statement_start(c, S_META_GET, &s, "t", "uuid");

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -EUCLEAN;
        r = column_text(s, 0, uuid, sizeof(c->catalog->uuid));
        return r == 0 && strlen(uuid) != UUID_LENGTH ? -EUCLEAN : r;
}

int schema_create(struct catalog_connection *c) {
        return connection_run(c, schema);
}

int schema_same(struct catalog_connection *c) {
        char sql[64];

        (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", CATALOG_STAMP); /* fits */
        return connection_run(c, sql);
}

int schema_seal(struct catalog_connection *c) {
        char sql[128];

        (void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
                       CATALOG_STAMP); /* fits; pragmas take no parameters */
        return connection_run(c, sql);
}
