#include "os/body.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "os/checksum.h"

/* Not every file system has files without names: there the name is taken away at once. */
static int nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char path[4096];

    if (fd >= 0 || snprintf(path, sizeof path, "%s/chunkimg-XXXXXX", folder) >= (int)sizeof path)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int open_place(void)
{
    const char *folder = getenv("TMPDIR");
    int fd = folder && *folder ? nameless(folder) : -1;

    if (fd < 0)
        fd = nameless("/tmp");
    return fd < 0 ? memfd_create("chunkimg-download", MFD_CLOEXEC) : fd;
}

ck_status ck_body_create(const char *name, ck_body **out, ck_error *err)
{
    ck_body *b = calloc(1, sizeof *b);
    struct statfs fs;

    *out = NULL;
    if (!b)
        return ck_fail_memory(err, sizeof *b, "preparing a download");
    snprintf(b->name, sizeof b->name, "%s", name);
    b->adler = 1;
    b->fd = open_place();
    if (b->fd < 0) {
        int why = errno;

        free(b);
        return ck_fail_os(err, why, "%s: no place for the download", name);
    }
    b->in_memory = !fstatfs(b->fd, &fs) && fs.f_type == TMPFS_MAGIC;
    *out = b;
    return CK_OK;
}

void ck_body_free(ck_body **body)
{
    if (*body) {
        close((*body)->fd);
        free(*body);
    }
    *body = NULL;
}

int ck_body_append(ck_body *b, const void *bytes, size_t nbytes)
{
    const uint8_t *at = bytes;

    b->crc = ck_crc32(b->crc, bytes, nbytes);
    b->adler = ck_adler32(b->adler, bytes, nbytes);
    while (nbytes) {
        ssize_t n = pwrite(b->fd, at, nbytes, (off_t)b->nbytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? errno : ENOSPC;
        at += n;
        nbytes -= (size_t)n;
        b->nbytes += (uint64_t)n;
    }
    return 0;
}

const char *ck_body_stamp(const ck_body *b, char *to, size_t size)
{
    snprintf(to, size, "%jx-%08x-%08x", (uintmax_t)b->nbytes, b->crc, b->adler);
    return to;
}
