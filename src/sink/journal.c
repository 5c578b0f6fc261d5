#include "sink/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "os/checksum.h"

enum { TEXT_NBYTES = 4096, CRC_LENGTH = 9, LINE_MOST = 1 << 16, FLUSH_NS = 50 * 1000 * 1000 };

/* ---- writing -------------------------------------------------------------- */

static ck_status fail(const ck_journal *j, int why, const char *what, ck_error *err)
{
    return ck_fail_os(err, why, "%s: the journal of finished tiles cannot be %s", j->shown, what);
}

static ck_status write_all(const ck_journal *j, const char *text, size_t n, ck_error *err)
{
    while (n) {
        ssize_t done = write(j->file, text, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail(j, done ? errno : ENOSPC, "written", err);
        text += done;
        n -= (size_t)done;
    }
    return CK_OK;
}

static ck_status write_line(const ck_journal *j, const char *payload, ck_error *err)
{
    char crc[CRC_LENGTH + 1];
    ck_status status;

    snprintf(crc, sizeof crc, "%08x ", ck_crc32(0, payload, strlen(payload)));
    status = write_all(j, crc, CRC_LENGTH, err);
    if (!status)
        status = write_all(j, payload, strlen(payload), err);
    return status ? status : write_all(j, "\n", 1, err);
}

/* errno says why there is no file. */
static ck_status open_journal(ck_journal *j, int file, const char *path, const char *what, ck_error *err)
{
    int why = errno;

    *j = (ck_journal){.file = file, .flushed_ns = ck_now_ns()};
    ck_text_escape(j->shown, sizeof j->shown, path);
    if (file < 0)
        return fail(j, why, what, err);
    j->text = malloc(TEXT_NBYTES);
    j->other = malloc(TEXT_NBYTES);
    if (j->text && j->other)
        return CK_OK;
    ck_journal_drop(j);
    return ck_fail_memory(err, 2 * TEXT_NBYTES, "opening the journal of finished tiles");
}

ck_status ck_journal_begin(ck_journal *j, int dir, const char *path, const char *work, ck_error *err)
{
    int file = openat(dir, CK_JOURNAL_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    ck_status status = open_journal(j, file, path, "created", err);

    if (!status)
        status = write_line(j, work, err);
    if (status)
        ck_journal_drop(j);
    return status;
}

ck_status ck_journal_continue(ck_journal *j, int dir, const char *path, uint64_t end, ck_error *err)
{
    int file = openat(dir, CK_JOURNAL_NAME, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    ck_status status = open_journal(j, file, path, "opened", err);

    if (!status && (ftruncate(file, (off_t)end) || lseek(file, (off_t)end, SEEK_SET) != (off_t)end))
        status = fail(j, errno, "continued", err);
    if (status)
        ck_journal_drop(j);
    return status;
}

static ck_status flush(ck_journal *j, uint64_t now, ck_error *err)
{
    char *text = j->text;
    size_t n = j->used;

    j->used = 0;
    j->flushed_ns = now;
    if (!j->later)
        return write_all(j, text, n, err);
    j->text = j->other;
    j->other = text;
    return ck_outdir_write_kept(j->later, j->file, CK_JOURNAL_NAME, text, n, err);
}

void ck_journal_through(ck_journal *j, ck_outdir *dir)
{
    j->later = dir;
}

ck_status ck_journal_add(ck_journal *j, uint64_t index, const ck_outcome *o, ck_error *err)
{
    char payload[96];
    uint64_t now = ck_now_ns();
    int n;

    if (j->file < 0)
        return CK_OK;
    n = snprintf(payload, sizeof payload, "tile %" PRIu64 " %" PRIu64 " %08x %08x", index, o->nbytes, o->crc, o->digest);
    j->used += (size_t)snprintf(j->text + j->used, TEXT_NBYTES - j->used, "%08x %s\n",
                                ck_crc32(0, payload, (size_t)n), payload);
    if (TEXT_NBYTES - j->used < sizeof payload + CRC_LENGTH + 2 || now - j->flushed_ns > FLUSH_NS)
        return flush(j, now, err);
    return CK_OK;
}

ck_status ck_journal_end(ck_journal *j, ck_error *err)
{
    ck_status status = CK_OK;

    if (j->file < 0)
        return CK_OK;
    if (j->used)
        status = flush(j, 0, err);
    ck_journal_drop(j);
    return status;
}

void ck_journal_drop(ck_journal *j)
{
    if (j->file >= 0)
        close(j->file);
    free(j->text);
    free(j->other);
    *j = (ck_journal){.file = -1};
}

/* ---- reading ----------------------------------------------------------------- */

/* The payload of the next line that is whole and right, without its end, or NULL. */
static char *next_line(FILE *from, char line[LINE_MOST])
{
    size_t n;
    char *end;

    if (!fgets(line, LINE_MOST, from))
        return NULL;
    n = strlen(line);
    if (n <= CRC_LENGTH || line[n - 1] != '\n')
        return NULL;
    line[n - 1] = 0;
    if (strspn(line, "0123456789abcdef") != CRC_LENGTH - 1 || line[CRC_LENGTH - 1] != ' ' ||
        strtoul(line, &end, 16) != ck_crc32(0, line + CRC_LENGTH, n - 1 - CRC_LENGTH))
        return NULL;
    return line + CRC_LENGTH;
}

static bool read_tiles(FILE *from, char line[LINE_MOST], ck_kept *kept, uint64_t count, uint64_t *end)
{
    const char *payload;
    uint64_t index;
    ck_outcome o = {0};
    int used;

    for (;;) {
        *end = (uint64_t)ftello(from);
        payload = next_line(from, line);
        if (!payload)
            return true;
        used = 0;
        if (sscanf(payload, "tile %" SCNu64 " %" SCNu64 " %" SCNx32 " %" SCNx32 "%n", &index, &o.nbytes, &o.crc, &o.digest,
                   &used) != 4 || payload[used] || index >= count)
            return true;
        kept[index] = (ck_kept){true, o};
    }
}

bool ck_journal_read(int dir, const char *work, ck_kept *kept, uint64_t count, uint64_t *end)
{
    int fd = openat(dir, CK_JOURNAL_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    FILE *from = fd < 0 ? NULL : fdopen(fd, "re");
    char *line = malloc(LINE_MOST);
    const char *first = from && line ? next_line(from, line) : NULL;
    bool fits = first && !strcmp(first, work);

    if (fits && kept)
        fits = read_tiles(from, line, kept, count, end);
    free(line);
    if (from)
        fclose(from);
    else if (fd >= 0)
        close(fd);
    return fits;
}
