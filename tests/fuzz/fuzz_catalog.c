/* SPDX-License-Identifier: MIT
 * A hostile catalog: rows of wrong types and absurd sizes, missing, doubled or looped ones, other definitions, bytes of
 * the file turned about. Whatever is in it, every command and every kind of mount answers with an error or a result.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fuzz.h"

#define CHANGES 6
#define ACTIONS 4

static const struct {
        const char *table, *columns[16];
} tables[] = {
        { "meta", { "key", "value" } },
        { "event", { "id", "time", "actor", "uid", "via", "op", "object", "account", "place", "owner", "rule", "errno",
                     "detail", "length", "hash" } },
        { "indexed", { "id", "last" } },
        { "account", { "id", "name", "role", "uid", "quota", "require_trust", "from_event", "until_event" } },
        { "region", { "id", "name", "from_event", "until_event" } },
        { "setting", { "name", "until_event", "from_event", "value" } },
        { "place", { "id", "region", "owner", "until_event" } },
        { "place_name", { "place", "until_event", "from_event", "region", "owner", "name" } },
        { "image", { "id", "place", "until_event", "disk_event", "available_event", "sealed_event", "size", "mtime",
                     "digest", "same_content", "times_event", "digest_event" } },
        { "lineage", { "image", "until_event", "from_event", "source" } },
        { "review", { "image", "until_event", "from_event" } },
        { "instance", { "id", "region", "owner", "name", "until_event" } },
        { "launch", { "id", "instance", "image", "image_name", "from_event", "image_until", "until_event" } },
        { "trust", { "account", "owner", "until_event", "from_event" } },
        { "description", { "id", "until_event", "from_event", "place", "text", "mtime", "times_event" } },
        { "store", { "region", "path" } },
        { "shares_link", { "id", "place", "until_event" } },
        { "share", { "id", "image", "account", "region", "until_event" } },
        { "share_expiry", { "share", "until_event", "from_event", "expires" } },
        { "sqlite_sequence", { "name", "seq" } },
        { "reservation", { "id", "instance", "image" } },
        { "earlier", { "event", "detail" } },
};
static const char *const values[] = {
        "NULL", "-1", "0", "1", "2", "7", "1048575", "1048576", "68719476736", "140737488355327", "140737488355328",
        "4611686018427387904", "9223372036854775807", "-9223372036854775808", "1.5", "1e300", "''", "'.'", "'..'",
        "'../../../../../../etc'", "'a/b'", "'/etc'", "'/'", "'/dev'", "'north'", "'south'", "'web'", "'web@alice'",
        "'alice'", "'A b'", "'@'", "char(10)", "char(0)", "'web' || char(0) || 'x'", "x'ff'", "x''", "zeroblob(16)",
        "zeroblob(32)", "zeroblob(300000)", "printf('%.300c', 'x')", "printf('%.200000c', 'x')", "'{'", "'{\"a\":1}'",
        "printf('%.100000c', '[')", "'share'", "'init'", "'create'", "'share-limit'", "'EPERM'", "'mount'", "'uuid'",
        "'north/web@alice'", "-2208988800000", "253402300800000", "34359738369", "65536",
};

static sqlite3 *open_database(const char *path) {
        sqlite3 *db = NULL;

        require(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
        return db;
}

/* Whether it was accepted is SQLite's business. */
static void run_sql(sqlite3 *db, char *sql) {
        require(sql);
        (void)sqlite3_exec(db, sql, NULL, NULL, NULL); /* what it refuses is not in the catalog */
        sqlite3_free(sql);
}

static const char *choose_column(struct input *input, size_t table) {
        size_t n = 0;

        while (n < 16 && tables[table].columns[n])
                n++;
        return tables[table].columns[input_byte(input) % n];
}

/* SQL for a value: of the list, a number, or what another row has. */
static char *choose_value(struct input *input) {
        uint8_t b = input_byte(input);
        const char *column;
        size_t table;

        if (b < 0xc0)
                return sqlite3_mprintf("%s", values[b % ARRAY_SIZE(values)]);
        if (b < 0xe0)
                return sqlite3_mprintf("%lld", (long long)input_number(input, b & 1 ? 8 : 1));
        table = input_byte(input) % ARRAY_SIZE(tables);
        column = choose_column(input, table);
        return sqlite3_mprintf("(SELECT %s FROM %s LIMIT 1 OFFSET %d)", column, tables[table].table,
                               input_byte(input) % 8);
}

/* A row, by what one of its columns is; or all of them. */
static char *choose_rows(struct input *input, size_t table) {
        const char *column = choose_column(input, table);
        uint8_t b = input_byte(input);

        if (b >= 0xf0)
                return sqlite3_mprintf("1");
        return sqlite3_mprintf("%s IS (SELECT %s FROM %s LIMIT 1 OFFSET %d)", column, column, tables[table].table,
                               b % 16);
}

static void change_rows(sqlite3 *db, struct input *input, uint8_t how) {
        size_t table = input_byte(input) % ARRAY_SIZE(tables);
        const char *name = tables[table].table, *column = choose_column(input, table);
        char *rows = choose_rows(input, table), *value = choose_value(input);

        require(rows && value);
        switch (how & 3) {
        case 0:
        case 1:
                run_sql(db, sqlite3_mprintf("UPDATE OR IGNORE %s SET %s = %s WHERE %s", name, column, value, rows));
                break;
        case 2:
                run_sql(db, sqlite3_mprintf("DELETE FROM %s WHERE %s", name, rows));
                break;
        default: /* one more like it */
                run_sql(db, sqlite3_mprintf("CREATE TEMP TABLE x AS SELECT * FROM %s WHERE %s", name, rows));
                run_sql(db, sqlite3_mprintf("UPDATE x SET %s = %s", column, value));
                run_sql(db, sqlite3_mprintf("INSERT OR IGNORE INTO main.%s SELECT * FROM x", name));
                run_sql(db, sqlite3_mprintf("DROP TABLE IF EXISTS temp.x"));
        }
        sqlite3_free(rows);
        sqlite3_free(value);
}

/* Other definitions. Views and triggers may hold a query without an end. */
static void change_schema(sqlite3 *db, struct input *input) {
        static const char endless[] = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT ";
        const char *name = tables[input_byte(input) % ARRAY_SIZE(tables)].table;

        switch (input_byte(input) % 9) {
        case 0:
                run_sql(db, sqlite3_mprintf("DROP TABLE %s", name));
                break;
        case 1:
                run_sql(db, sqlite3_mprintf("DROP TABLE %s; CREATE TABLE %s (x)", name, name));
                break;
        case 2:
                run_sql(db, sqlite3_mprintf("ALTER TABLE %s RENAME TO t; CREATE VIEW %s AS SELECT * FROM t, (%s x FROM c)",
                                            name, name, endless));
                break;
        case 3:
                run_sql(db, sqlite3_mprintf("CREATE TRIGGER x AFTER INSERT ON %s BEGIN SELECT count(*) FROM (%s x FROM "
                                            "c); END", name, endless));
                break;
        case 4:
                run_sql(db, sqlite3_mprintf("PRAGMA user_version = %d", (int)input_number(input, 1)));
                break;
        case 5:
                run_sql(db, sqlite3_mprintf("PRAGMA application_id = %d", (int)input_number(input, 4)));
                break;
        case 6:
                run_sql(db, sqlite3_mprintf("UPDATE sqlite_schema SET rootpage = %d WHERE name = '%s'",
                                            (int)input_number(input, 1), name));
                break;
        case 7:
                run_sql(db, sqlite3_mprintf("DELETE FROM sqlite_schema WHERE type = 'index' AND tbl_name = '%s'", name));
                break;
        default:
                run_sql(db, sqlite3_mprintf("CREATE TRIGGER y AFTER UPDATE ON %s BEGIN DELETE FROM share; END", name));
        }
}

static void change_bytes(const char *path, struct input *input) {
        _cleanup_fd_ int fd = open(path, O_RDWR | O_CLOEXEC);
        uint64_t at = input_number(input, 3);
        uint8_t bytes[8];
        size_t n = 1 + input_byte(input) % sizeof(bytes);
        struct stat st;

        require(fd >= 0 && fstat(fd, &st) == 0);
        if (at >> 20 == 15) { /* cut off */
                require(ftruncate(fd, (off_t)(at % (uint64_t)(st.st_size + 1))) == 0);
                return;
        }
        for (size_t i = 0; i < n; i++)
                bytes[i] = input_byte(input);
        if (st.st_size > (off_t)n)
                require(pwrite(fd, bytes, n, (off_t)(at % ((uint64_t)st.st_size - n))) == (ssize_t)n);
}

/* STRICT is a promise of who writes: without it a column holds anything, and readers are not told. */
static void loosen(const char *path) {
        sqlite3 *db = open_database(path);

        require(sqlite3_exec(db, "PRAGMA writable_schema = on;"
                                 "UPDATE sqlite_schema SET sql = replace(replace(sql, ') STRICT, WITHOUT', ') WITHOUT'),"
                                 "') STRICT', ')') WHERE type = 'table'; PRAGMA writable_schema = reset",
                             NULL, NULL, NULL) == SQLITE_OK);
        (void)sqlite3_close(db); /* nothing is open */
}

static void make_hostile(const char *path, struct input *input) {
        int changes = 1 + input_byte(input) % CHANGES;
        sqlite3 *db;

        loosen(path);
        db = open_database(path);
        run_sql(db, sqlite3_mprintf("PRAGMA ignore_check_constraints = on; PRAGMA writable_schema = on"));
        for (int i = 0; i < changes; i++) {
                uint8_t how = input_byte(input);

                if (how < 0xc0) {
                        change_rows(db, input, how);
                } else if (how < 0xe0) {
                        change_schema(db, input);
                } else {
                        (void)sqlite3_close(db); /* nothing is open */
                        change_bytes(path, input);
                        db = open_database(path);
                        run_sql(db, sqlite3_mprintf("PRAGMA ignore_check_constraints = on; PRAGMA writable_schema = on"));
                }
        }
        (void)sqlite3_close(db); /* nothing is open */
}

/* --- what is done with it --- */

static const char *const commands[][12] = {
        { "region", "list" },
        { "region", "list", "--json" },
        { "region", "add", "east" },
        { "region", "rm", "south" },
        { "account", "list" },
        { "account", "add", "zoe", "--uid", "77" },
        { "account", "set", "bob", "role=auditor", "quota=3", "require-trust=on" },
        { "account", "rm", "carol" },
        { "limits" },
        { "limits", "shares-per-image", "2" },
        { "rules" },
        { "log" },
        { "log", "--json" },
        { "--as", "alice", "log", "--denied" },
        { "log", "--image", "north/web@alice" },
        { "log", "--account", "bob", "--since", "2001-01-01" },
        { "access", "--all" },
        { "access", "alice", "--json" },
        { "access", "north/web@alice" },
        { "exposure", "north/web@alice" },
        { "exposure", "north/web@alice", "--json" },
        { "exposure", "north/custom@bob", "--dot" },
        { "--as", "alice", "exposure", "north/web@alice" },
        { "check" },
        { "check", "--log" },
        { "check", "--digests" },
        { "apply", "-n", "--prune", "wanted" },
        { "apply", "--prune", "wanted" },
};
static const struct session_view views[] = {
        { .account = "alice" }, { .account = "bob" }, { .account = "eve" }, { .account = "oscar" },
        { .account = "operator" }, { .account = NULL }, { .account = "alice", .read_only = true },
        { .account = "alice", .asof = "20" }, { .account = "eve", .asof = "2100-01-01" }, { .account = "eve", .asof = "9" },
        { .account = NULL, .asof = "25" },
};
static const uint32_t uids[] = { 1000, 1001, 1003, 0, 77 };
static const char *const changed[] = {
        "regions/north/images", "regions/north/images/web/.meta/shares", "regions/north/instances",
        "accounts/alice/trusted", "regions/south/images/web", "regions/north/images/empty",
};

static void run_command(const char *dir, const char *const *command) {
        char *words[16] = { (char[]){ "imgshare" }, (char[]){ "-C" }, (char *)(uintptr_t)dir };

        for (size_t i = 0; i < 12 && command[i]; i++)
                words[3 + i] = (char *)(uintptr_t)command[i];
        (void)program_run(words, world_path("output")); /* looks at the status itself */
}

static void visit(const char *dir, const struct session_view *view, uint32_t uid) {
        struct session *session = session_begin(dir, view);
        int budget = 120;

        if (!session)
                return;
        session_tour(session, uid, 1, 9, &budget);
        for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
                uint64_t node = session_walk(session, uid, changed[i]);

                if (node)
                        session_change(session, uid, node);
        }
        session_end(session);
}

static void act(const char *dir, uint8_t which) {
        size_t n = which % (ARRAY_SIZE(commands) + ARRAY_SIZE(views));

        if (n < ARRAY_SIZE(commands))
                run_command(dir, commands[n]);
        else
                visit(dir, &views[n - ARRAY_SIZE(commands)], uids[which % ARRAY_SIZE(uids)]);
}

static void write_wanted(void) {
        static const char text[] = "north\tweb@alice\tbob\nsouth\tweb@alice\tcarol\t2999-01-01\nnorth\tcustom@bob\t-\n";
        _cleanup_fd_ int fd = open(world_path("wanted"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        require(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct input input = { data, size };
        const char *dir = world_new();
        uint8_t actions[ACTIONS];
        char path[512];

        for (int i = 0; i < ACTIONS; i++)
                actions[i] = input_byte(&input);
        (void)snprintf(path, sizeof(path), "%s/catalog.db", dir); /* fits */
        make_hostile(path, &input);
        write_wanted();
        world_enter(world_path(""));
        fence_set(dir);
        for (int i = 0; i < ACTIONS; i++)
                act(dir, actions[i]);
        fence_set(NULL);
        world_check_descriptors();
        world_leave();
        return 0;
}
