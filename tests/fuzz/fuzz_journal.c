/*
 * Any bytes as a journal: what is believed are tiles of the plan, up to an end
 * that lies in the file, and reading once more up to there believes the same.
 * An odd first byte: the rest are payloads, and each line gets its CRC, which
 * no search would find.
 */
#include <fcntl.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "os/checksum.h"
#include "sink/journal.h"

enum { TILES = 16 };

static char folder[] = "/tmp/chunkimg-fuzz-XXXXXX";
static int dir = -1;

static void remove_folder(void)
{
    unlinkat(dir, CK_JOURNAL_NAME, 0);
    rmdir(folder);
}

static void open_folder(void)
{
    if (dir >= 0)
        return;
    FUZZ_CHECK(mkdtemp(folder));
    dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_CHECK(dir >= 0);
    atexit(remove_folder);
}

/* Lines of `data` with their sums in front, after a first one that says what the work is. Returns the bytes of `to`. */
static size_t with_sums(const uint8_t *data, size_t size, char *to)
{
    size_t used = (size_t)sprintf(to, "%08x work\n", ck_crc32(0, "work", 4));

    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t n = end ? (size_t)(end - data) - at : size - at;

        used += (size_t)sprintf(to + used, "%08x ", ck_crc32(0, data + at, n));
        memcpy(to + used, data + at, n);
        used += n;
        to[used++] = '\n';
        at += n + 1;
    }
    return used;
}

static void write_journal(const void *bytes, size_t n)
{
    int fd = openat(dir, CK_JOURNAL_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_CHECK(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ck_kept first[TILES + 1] = {0}, again[TILES + 1] = {0};
    char *text = malloc(11 * (size + 2) + 32); /* a line may be empty, and still gets a sum */
    uint64_t end = 0, same = 0;
    size_t n = size;

    open_folder();
    if (size && data[0] & 1)
        n = with_sums(data + 1, size - 1, text);
    else
        memcpy(text, data, size);
    write_journal(text, n);
    if (ck_journal_read(dir, "work", first, TILES, &end)) {
        FUZZ_CHECK(end <= n && !first[TILES].is);
        write_journal(text, (size_t)end);
        FUZZ_CHECK(ck_journal_read(dir, "work", again, TILES, &same) && same == end);
        for (int i = 0; i < TILES; i++)
            FUZZ_CHECK(first[i].is == again[i].is && first[i].outcome.nbytes == again[i].outcome.nbytes &&
                       first[i].outcome.crc == again[i].outcome.crc && first[i].outcome.digest == again[i].outcome.digest);
    }
    free(text);
    return 0;
}
