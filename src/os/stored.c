#include "os/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/checksum.h"

enum { BLOCK_NBYTES = 64 * 1024 };

static ck_stored compare_bytes(int fd, uint64_t nbytes, uint32_t crc, uint64_t *got, int *os_errno)
{
    uint8_t block[BLOCK_NBYTES];
    uint64_t total = 0;
    uint32_t sum = 0;
    ssize_t n;

    while ((n = read(fd, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            *os_errno = errno;
            return CK_STORED_UNREADABLE;
        }
        sum = ck_crc32(sum, block, (size_t)n);
        total += (uint64_t)n;
    }
    *got = total;
    if (total != nbytes)
        return CK_STORED_SIZE;
    return sum == crc ? CK_STORED_WHOLE : CK_STORED_CONTENT;
}

ck_stored ck_stored_check(int dir, const char *name, uint64_t nbytes, uint32_t crc, uint64_t *got, int *os_errno)
{
    /* O_NONBLOCK: a pipe of that name must not stop the check. */
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    ck_stored found;
    struct stat st;

    *got = 0;
    *os_errno = 0;
    if (fd < 0) {
        *os_errno = errno == ELOOP ? 0 : errno;
        return errno == ENOENT ? CK_STORED_MISSING : CK_STORED_UNREADABLE;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        found = CK_STORED_UNREADABLE;
    } else if ((uint64_t)st.st_size != nbytes) {
        *got = (uint64_t)st.st_size;
        found = CK_STORED_SIZE;
    } else {
        found = compare_bytes(fd, nbytes, crc, got, os_errno);
    }
    close(fd);
    return found;
}
