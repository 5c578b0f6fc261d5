/*
 * A library to be preloaded: the k-th allocation of the program fails.
 * CHUNKIMG_FAIL_ALLOC=k: that one only; k+: that one and all after it.
 * CHUNKIMG_COUNT_ALLOCS=FILE: at the end, how many there were.
 * Children go on counting from where their parent was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t each);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static atomic_ulong calls;
static unsigned long fail_at;
static bool and_after;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("CHUNKIMG_FAIL_ALLOC");

    if (!at)
        return;
    and_after = strchr(at, '+') != NULL;
    atomic_store(&calls, 0); /* the loader's and the libraries' own are before main */
    fail_at = strtoul(at, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("CHUNKIMG_COUNT_ALLOCS");
    char text[32];
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;

    if (fd < 0)
        return;
    int n = snprintf(text, sizeof text, "%lu\n", atomic_load(&calls));
    if (write(fd, text, (size_t)n) != n)
        _exit(1);
    close(fd);
}

static bool fails(void)
{
    unsigned long call = atomic_fetch_add(&calls, 1) + 1;

    if (!fail_at || !(call == fail_at || (and_after && call > fail_at)))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t each)
{
    return fails() ? NULL : __libc_calloc(count, each);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __libc_memalign(align, n);
}

void *memalign(size_t align, size_t n);
void *memalign(size_t align, size_t n)
{
    return fails() ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **out, size_t align, size_t n)
{
    void *p = fails() ? NULL : __libc_memalign(align, n);

    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}
