/* SPDX-License-Identifier: MIT
 * What a disk is, and which other files its header names: each format that can, whole and not, cut short, and lying.
 */
#include "scratch.h"

#include <string.h>
#include <sys/mman.h>

#define SECTOR 512
#define PART 65536

static uint8_t disk[5 * PART + 4096];
static size_t disk_size;

static int setup_disk(void **state) {
        (void)state;
        memset(disk, 0, sizeof(disk));
        disk_size = 0;
        return 0;
}

static void put(size_t at, const void *bytes, size_t n) {
        assert_true(at + n <= sizeof(disk));
        memcpy(disk + at, bytes, n);
        disk_size = at + n > disk_size ? at + n : disk_size;
}

static void put_text(size_t at, const char *text) { put(at, text, strlen(text)); }

static void put_big(size_t at, uint64_t number, size_t n) {
        for (size_t i = 0; i < n; i++)
                put(at + i, &(uint8_t){ (uint8_t)(number >> 8 * (n - 1 - i)) }, 1);
}

static void put_little(size_t at, uint64_t number, size_t n) {
        for (size_t i = 0; i < n; i++)
                put(at + i, &(uint8_t){ (uint8_t)(number >> 8 * i) }, 1);
}

static void put_wide(size_t at, const char *text, bool big) {
        for (size_t i = 0; text[i]; i++)
                (big ? put_big : put_little)(at + 2 * i, (uint8_t)text[i], 2);
}

static const char *look(size_t size) {
        static char text[FORMAT_SIZE];
        _cleanup_fd_ int fd = memfd_create("disk", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, disk, size < sizeof(disk) ? size : sizeof(disk), 0), size < sizeof(disk) ? size : sizeof(disk));
        if (size > sizeof(disk))
                assert_int_equal(ftruncate(fd, (off_t)size), 0);
        memset(text, 'x', sizeof(text));
        assert_int_equal(blob_format(fd, text), 0);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
        return text;
}

#define is(text) assert_string_equal(look(disk_size), text)

static void qcow2(unsigned version, const char *backing) {
        put_text(0, "QFI\xfb");
        put_big(4, version, 4);
        put_big(20, 16, 4); /* bits of a cluster */
        put_big(100, 104, 4);
        put_big(104, 0, 8); /* no more extensions */
        if (backing) {
                put_big(8, 600, 8);
                put_big(16, strlen(backing), 4);
                put_text(600, backing);
        }
}

static void test_raw(void **state) {
        (void)state;
        is("raw");
        put_text(0, "QFI");
        is("raw");
        put_text(0, "no disk's header");
        is("raw");
        assert_string_equal(look((size_t)1 << 40), "raw"); /* a hole */
}

static void test_qcow(void **state) {
        static const char *const names[] = { "/etc/passwd", "../base/disk", "json:{\"driver\":\"nbd\"}", "disk", "a b" };
        char expected[FORMAT_SIZE];

        for (unsigned version = 1; version <= 4; version++)
                for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                        (void)setup_disk(state);
                        qcow2(version, NULL);
                        is(version == 1 ? "qcow" : "qcow2");
                        qcow2(version, names[i]);
                        (void)snprintf(expected, sizeof(expected), "%s\nneeds %s", version == 1 ? "qcow" : "qcow2", names[i]);
                        is(expected);
                }
}

static void test_a_name_that_cannot_be_read_is_one(void **state) {
        (void)state;
        qcow2(3, "base");
        assert_string_equal(look(602), "qcow2\nneeds ?");
        put_big(16, 1024, 4); /* too long */
        is("qcow2\nneeds ?");
        put_big(16, UINT32_MAX, 4);
        put_big(8, UINT64_MAX, 8);
        is("qcow2\nneeds ?");
        put_big(16, 0, 4); /* none */
        is("qcow2");
        qcow2(3, "\n\x1b[2J\xff");
        is("qcow2\nneeds ??[2J?");
}

static void test_qcow2_data_file(void **state) {
        (void)state;
        qcow2(3, NULL);
        put_big(72, 4, 8);
        is("qcow2\nneeds ?"); /* it is needed, and not named */
        put_big(104, 0xe2792aca, 4); /* another extension */
        put_big(108, 5, 4);
        put_text(112, "qcow2");
        put_big(120, 0x44415441, 4);
        put_big(124, 8, 4);
        put_text(128, "data.raw");
        put_big(136, 0, 8);
        is("qcow2\nneeds data.raw");
        put_big(72, 0, 8);
        is("qcow2\nneeds data.raw");
        put_big(124, 1 << 20, 4);
        is("qcow2\nneeds ?");
}

/* Extensions that go on and on are not followed for ever. */
static void test_a_look_is_bounded(void **state) {
        (void)state;
        qcow2(3, NULL);
        put_big(20, 21, 4);
        for (size_t at = 104; at + 8 <= sizeof(disk); at += 8)
                put_big(at, (uint64_t)1 << 32, 8);
        is("qcow2\nneeds ?");
}

static void test_qed(void **state) {
        (void)state;
        put(0, "QED", 4);
        put_little(56, 100, 4);
        put_little(60, 4, 4);
        put_text(100, "base");
        is("qed");
        put_little(16, 1, 8);
        is("qed\nneeds base");
}

static void test_vmdk_text(void **state) {
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n\n"
                  "RW 20480 FLAT \"/dev/sda\" 0\n", "vmdk\nneeds /dev/sda" },
                { "version=1\r\nRW 63 FLAT \"a.vmdk\" 0\r\nRDONLY 5 SPARSE \"b c.vmdk\"\r\nRW 7 ZERO\r\n",
                  "vmdk\nneeds a.vmdk\nneeds b c.vmdk" },
                { "#\n#\nversion=3\n  noaccess 1 VMFS \"x\" \n", "vmdk\nneeds x" },
                { "createType=\"custom\"\nRW\n20480\nFLAT\n\"split\" 0\n", "vmdk\nneeds split" }, /* sscanf takes that */
                { "createType=\"custom\"\nRW 1 FLAT \"a\" 0\nRW 1 FLAT \"a\" 0\nRW 1 FLAT \"aa\" 0\n",
                  "vmdk\nneeds a\nneeds aa" },
                { "version=1\nparentCID=12345678\nparentFileNameHint=\"../base.vmdk\"\n", "vmdk\nneeds ../base.vmdk" },
                { "version=1\nparentCID=12345678\n", "vmdk\nneeds ?" },
                { "version=1\nparentCID=FFFFFFFF\n", "vmdk" },
                { "version=1\nparentFileNameHint=", "vmdk\nneeds ?" },
                { "version=1\nRW 1 FLAT \"", "vmdk\nneeds ?" },
                { "version=1\nRW 1 FLAT", "vmdk" },
                { "version=1\nRW", "vmdk" },
                { "RW 1 FLAT \"only a text\"\n", "raw" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                (void)setup_disk(state);
                put_text(0, cases[i].text);
                is(cases[i].expected);
                disk_size += 4096; /* with zeros behind it */
                is(cases[i].expected);
        }
}

/* qemu reads a megabyte of such a text. */
static void test_vmdk_text_behind_a_long_remark(void **state) {
        static const char behind[] = "\ncreateType=\"monolithicFlat\"\nRW 1 FLAT \"/dev/sda\" 0\n";

        (void)state;
        memset(disk, '#', 100000);
        put_text(100000, behind);
        is("vmdk\nneeds /dev/sda");
        memset(disk + 50000, '\0', 1);
        is("raw");
}

static void sparse(uint64_t capacity, uint64_t at, const char *text) {
        put_text(0, "KDMV");
        put_little(12, capacity, 8);
        put_little(28, at, 8);
        put_little(36, 20, 8);
        put_little(SECTOR - 1, 0, 1);
        put_text(at * SECTOR, text);
}

static void test_vmdk_sparse(void **state) {
        (void)state;
        sparse(2048, 1, "createType=\"monolithicSparse\"\nparentCID=ffffffff\nRW 2048 SPARSE \"web.vmdk\"\n");
        is("vmdk"); /* itself */
        sparse(0, 1, "createType=\"monolithicSparse\"\nparentCID=ffffffff\nRW 2048 SPARSE \"web.vmdk\"\n");
        is("vmdk\nneeds web.vmdk");
        (void)setup_disk(state);
        sparse(2048, 1, "RW 2048 SPARSE \"/vmfs/other.vmdk\"\n");
        is("vmdk\nneeds /vmfs/other.vmdk");
        (void)setup_disk(state);
        sparse(2048, 1, "RW 2048 FLAT \"flat.vmdk\" 0\n");
        is("vmdk\nneeds flat.vmdk");
        (void)setup_disk(state);
        sparse(2048, 1, "RW 1 SPARSE \"s001.vmdk\"\nRW 1 SPARSE \"s002.vmdk\"\n");
        is("vmdk\nneeds s002.vmdk");
        (void)setup_disk(state);
        sparse(2048, 8, "parentCID=1\nparentFileNameHint=\"base.vmdk\"\n");
        is("vmdk\nneeds base.vmdk");
        (void)setup_disk(state);
        sparse(2048, 500, "parentCID=ffffffff\n"); /* qemu looks at the second sector all the same */
        put_text(SECTOR, "parentFileNameHint=\"hidden.vmdk\"");
        is("vmdk\nneeds hidden.vmdk");
        put_little(28, UINT64_MAX, 8);
        put_little(36, UINT64_MAX, 8);
        is("vmdk\nneeds hidden.vmdk");
        assert_string_equal(look(20), "vmdk");
}

static void test_vmdk_of_esx(void **state) {
        (void)state;
        put_text(0, "COWD");
        put_little(8, 3, 4);
        put_text(32, "\x10");
        put_little(2047, 0, 1);
        is("vmdk");
        put_little(8, 2, 4);
        put_text(32, "base.vmdk");
        is("vmdk\nneeds base.vmdk");
}

static void footer(size_t at, unsigned type) {
        put_text(at, "conectix");
        put_big(at + 16, SECTOR, 8);
        put_big(at + 60, type, 4);
        put_big(at + SECTOR - 1, 0, 1);
}

static void vhd(unsigned type) {
        footer(0, type);
        put_text(SECTOR, "cxsparse");
        put_big(3 * SECTOR - 1, 0, 1);
        footer(8 * SECTOR, type);
}

static void test_vhd(void **state) {
        (void)state;
        footer(4096, 2); /* fixed: only at the end */
        is("vhd");
        (void)setup_disk(state);
        vhd(3);
        is("vhd");
        vhd(4);
        is("vhd\nneeds ?");
        put_wide(SECTOR + 64, "base.vhd", true);
        put_text(SECTOR + 576, "W2ru");
        put_big(SECTOR + 576 + 8, 22, 4);
        put_big(SECTOR + 576 + 16, 2048, 8);
        put_wide(2048, "..\\base.vhd", false);
        is("vhd\nneeds base.vhd\nneeds ..\\base.vhd");
        put_text(SECTOR + 600, "MacX");
        put_big(SECTOR + 600 + 8, UINT32_MAX, 4);
        put_big(SECTOR + 600 + 16, UINT64_MAX, 8);
        is("vhd\nneeds base.vhd\nneeds ..\\base.vhd\nneeds ?");
        put_big(60, 3, 4); /* what the footer says counts as well */
        is("vhd\nneeds base.vhd\nneeds ..\\base.vhd\nneeds ?");
        put_big(SECTOR, 0, 8);
        is("vhd\nneeds ?");
        (void)setup_disk(state);
        footer(4095, 4); /* of 511 bytes */
        disk_size--;
        is("vhd\nneeds ?");
}

static void vhdx(void) {
        static const uint8_t region[] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                          0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
        static const uint8_t parameters[] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                              0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };

        put_text(0, "vhdxfile");
        put_text(4 * PART, "regi");
        put_little(4 * PART + 8, 1, 4);
        put(4 * PART + 16, region, sizeof(region));
        put_little(4 * PART + 32, PART, 8);
        put_little(5 * PART, 0, 1);
        put_text(PART, "metadata");
        put_little(PART + 10, 1, 2);
        put(PART + 32, parameters, sizeof(parameters));
        put_little(PART + 48, 4096, 4);
}

static void test_vhdx(void **state) {
        static const uint8_t locator[] = { 0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
                                           0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c };
        const size_t at = PART + 8192;

        (void)state;
        vhdx();
        is("vhdx");
        put_little(PART + 4096 + 4, 2, 4);
        is("vhdx\nneeds ?"); /* it has a parent, and does not say which */
        put_little(PART + 10, 2, 2);
        put(PART + 64, locator, sizeof(locator));
        put_little(PART + 80, 8192, 4);
        is("vhdx\nneeds ?");
        put_little(at + 18, 2, 2);
        put_little(at + 20, 100, 4);
        put_little(at + 24, 200, 4);
        put_little(at + 28, 28, 2);
        put_little(at + 30, 8, 2);
        put_wide(at + 100, "parent_linkage", false);
        put_wide(at + 200, "{ab}", false);
        is("vhdx\nneeds ?");
        put_little(at + 32, 300, 4);
        put_little(at + 36, 400, 4);
        put_little(at + 40, 26, 2);
        put_little(at + 42, 20, 2);
        put_wide(at + 300, "relative_path", false);
        put_wide(at + 400, "..\\ba.vhdx", false);
        is("vhdx\nneeds ..\\ba.vhdx");
        put_little(at + 400, 0xd83d, 2); /* a pair, half of one */
        put_little(at + 402, 0xde00, 2);
        put_little(at + 404, 0xd83d, 2);
        is("vhdx\nneeds \xf0\x9f\x98\x80?a.vhdx");
        put_little(PART + 10, UINT16_MAX, 2); /* more entries than there can be */
        put_little(4 * PART + 8, UINT32_MAX, 4);
        is("vhdx\nneeds \xf0\x9f\x98\x80?a.vhdx");
}

/* As many names as have room, the others are counted. */
static void test_many_names(void **state) {
        const char *text;
        size_t at;

        (void)state;
        put_text(0, "version=1\n");
        for (int i = 0; i < 300; i++) {
                char line[64];

                (void)snprintf(line, sizeof(line), "RW 1 FLAT \"file%04d\" 0\n", i);
                put_text(disk_size, line);
        }
        text = look(disk_size);
        at = strlen(text);
        assert_true(at < FORMAT_SIZE);
        assert_non_null(strstr(text, "\nneeds file0081\n"));
        assert_string_equal(strrchr(text, '\n'), "\nneeds 218 more files");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_raw, setup_disk),
                cmocka_unit_test_setup(test_qcow, setup_disk),
                cmocka_unit_test_setup(test_a_name_that_cannot_be_read_is_one, setup_disk),
                cmocka_unit_test_setup(test_qcow2_data_file, setup_disk),
                cmocka_unit_test_setup(test_a_look_is_bounded, setup_disk),
                cmocka_unit_test_setup(test_qed, setup_disk),
                cmocka_unit_test_setup(test_vmdk_text, setup_disk),
                cmocka_unit_test_setup(test_vmdk_text_behind_a_long_remark, setup_disk),
                cmocka_unit_test_setup(test_vmdk_sparse, setup_disk),
                cmocka_unit_test_setup(test_vmdk_of_esx, setup_disk),
                cmocka_unit_test_setup(test_vhd, setup_disk),
                cmocka_unit_test_setup(test_vhdx, setup_disk),
                cmocka_unit_test_setup(test_many_names, setup_disk),
        };

        return cmocka_run_group_tests_name("blob format", tests, NULL, NULL);
}
