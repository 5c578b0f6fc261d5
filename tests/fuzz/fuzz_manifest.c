/* Any bytes as a manifest.json: refused in words, or one whose tiles all lie in their folder, each listed once. */
#include <fcntl.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "os/manifest.h"

static void check_tile(const ck_manifest *m, size_t i)
{
    ck_manifest_tile t;

    ck_manifest_tile_at(m, i, &t);
    FUZZ_CHECK(t.file[0] && !strchr(t.file, '/') && strcmp(t.file, ".") && strcmp(t.file, "..") && strcmp(t.file, CK_MANIFEST_NAME));
    FUZZ_CHECK(t.col >= 0 && t.row >= 0 && t.nbytes <= INT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = fuzz_file(data, size, path);
    ck_manifest m;
    ck_error err;

    ck_error_clear(&err);
    if (ck_manifest_read(AT_FDCWD, path, "folder", &m, &err)) {
        FUZZ_CHECK(err.text[0] && !m.root);
    } else {
        FUZZ_CHECK(m.promised && m.tiles + m.failed == m.promised);
        for (size_t i = 0; i < m.tiles; i++)
            check_tile(&m, i);
        ck_manifest_close(&m);
    }
    close(fd);
    return 0;
}
