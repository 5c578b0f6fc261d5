/* chunkimg_verify: a finished folder of tiles against its manifest. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "os/manifest.h"
#include "os/stored.h"
#include "pipeline/job.h"

/* The folder and the manifest's name in it, for a path to either. Returns the folder's descriptor or -1. */
static int open_folder(const char *path, const char **file)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    struct stat st;

    *file = CK_MANIFEST_NAME;
    if (stat(path, &st) || S_ISDIR(st.st_mode))
        return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *file = slash ? slash + 1 : path;
    if (slash && (size_t)(slash - path) + 2 > sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static const char *describe(char *to, size_t size, ck_stored found, uint64_t wanted, uint64_t got, int why)
{
    switch (found) {
    case CK_STORED_MISSING:
        snprintf(to, size, "is missing");
        break;
    case CK_STORED_SIZE:
        snprintf(to, size, "has %llu bytes instead of %llu", (unsigned long long)got, (unsigned long long)wanted);
        break;
    case CK_STORED_CONTENT:
        snprintf(to, size, "has other content than was written (CRC-32)");
        break;
    default:
        snprintf(to, size, "cannot be read: %s", why ? strerror(why) : "not a plain file");
    }
    return to;
}

static void check_tiles(int dir, const char *shown, const ck_manifest *m, chunkimg_flaw flaw, void *user, chunkimg_verdict *v)
{
    uint64_t *const counts[] = {[CK_STORED_WHOLE] = &v->whole, [CK_STORED_MISSING] = &v->missing,
                                [CK_STORED_SIZE] = &v->resized, [CK_STORED_CONTENT] = &v->changed,
                                [CK_STORED_UNREADABLE] = &v->unreadable};
    char file[4 * 256], where[sizeof file + 260], what[200];
    ck_manifest_tile t;
    uint64_t got;
    int why;

    for (size_t i = 0; i < m->tiles; i++) {
        ck_manifest_tile_at(m, i, &t);
        ck_stored found = ck_stored_check(dir, t.file, t.nbytes, t.crc, &got, &why);

        ++*counts[found];
        if (found == CK_STORED_WHOLE)
            v->nbytes += got;
        if (found == CK_STORED_WHOLE || !flaw)
            continue;
        snprintf(where, sizeof where, "%s: %s", shown, ck_text_escape(file, sizeof file, t.file));
        flaw(user, where, describe(what, sizeof what, found, t.nbytes, got, why));
    }
}

chunkimg_status chunkimg_verify(const char *path, chunkimg_flaw flaw, void *user, chunkimg_verdict *verdict,
                                chunkimg_error *err)
{
    const char *file;
    char shown[256];
    ck_error scratch;
    ck_manifest m;
    ck_status status;
    int dir = open_folder(path, &file), why = errno;

    err = err ? err : &scratch;
    ck_error_clear(err);
    *verdict = (chunkimg_verdict){0};
    ck_text_escape(shown, sizeof shown, path);
    if (dir < 0)
        return ck_fail_os(err, why, "%s: the folder cannot be opened", shown);
    status = ck_manifest_read(dir, file, shown, &m, err);
    if (!status) {
        verdict->promised = m.promised;
        verdict->failed = m.failed;
        check_tiles(dir, shown, &m, flaw, user, verdict);
        ck_manifest_close(&m);
    }
    close(dir);
    if (status)
        return status;
    if (verdict->whole + verdict->failed != verdict->promised)
        return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: %llu of %llu tiles are missing or not what was written", shown,
                       (unsigned long long)(verdict->promised - verdict->failed - verdict->whole),
                       (unsigned long long)verdict->promised);
    if (verdict->failed)
        return ck_fail(err, CHUNKIMG_PARTIAL, "%s: %llu of %llu tiles were left out when it was written", shown,
                       (unsigned long long)verdict->failed, (unsigned long long)verdict->promised);
    return CK_OK;
}
