/*
 * Linked into the programs of `scripts/coverage --errors` in place of ck_fail
 * and its kin: notes where each call returns to, and passes it on. The table
 * is a file of the folder FAIL_SITES, one for each program, mapped by all of
 * its processes before they do anything else.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 1 << 14 };

static _Atomic uint32_t *table; /* offsets in the program; 0: free */
extern const char __executable_start;

/* Weak: programs are linked with this before there is a library, to see whether the compiler works. */
__attribute__((weak)) int __real_ck_fail(void *err, int status, const char *format, ...);
__attribute__((weak)) int __real_ck_fail_os(void *err, int os_errno, const char *format, ...);
__attribute__((weak)) int __real_ck_fail_memory(void *err, size_t nbytes, const char *what);
int __wrap_ck_fail(void *err, int status, const char *format, ...);
int __wrap_ck_fail_os(void *err, int os_errno, const char *format, ...);
int __wrap_ck_fail_memory(void *err, size_t nbytes, const char *what);

__attribute__((constructor)) static void open_table(void)
{
    const char *folder = getenv("FAIL_SITES");
    char program[4096], path[8192];
    ssize_t n = folder ? readlink("/proc/self/exe", program, sizeof program - 1) : -1;

    if (n <= 0)
        return;
    program[n] = 0;
    snprintf(path, sizeof path, "%s/%s", folder, strrchr(program, '/') + 1);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    if (!ftruncate(fd, SLOTS * sizeof *table)) {
        void *at = mmap(NULL, SLOTS * sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        table = at == MAP_FAILED ? NULL : at;
    }
    close(fd);
}

static void note(const void *back_to)
{
    uint32_t site = (uint32_t)((const char *)back_to - &__executable_start);

    for (uint32_t i = site; table; i++) {
        uint32_t there = 0;

        if (atomic_compare_exchange_strong(&table[i % SLOTS], &there, site) || there == site)
            return;
    }
}

/* The text is made here, since the arguments cannot be handed on. */
#define PASS_ON(real, number)                                                                                         \
    char text[4096];                                                                                                  \
    va_list arguments;                                                                                                \
                                                                                                                      \
    note(__builtin_return_address(0));                                                                                \
    va_start(arguments, format);                                                                                      \
    vsnprintf(text, sizeof text, format, arguments);                                                                  \
    va_end(arguments);                                                                                                \
    return real(err, number, "%s", text)

int __wrap_ck_fail(void *err, int status, const char *format, ...)
{
    PASS_ON(__real_ck_fail, status);
}

int __wrap_ck_fail_os(void *err, int os_errno, const char *format, ...)
{
    PASS_ON(__real_ck_fail_os, os_errno);
}

int __wrap_ck_fail_memory(void *err, size_t nbytes, const char *what)
{
    note(__builtin_return_address(0));
    return __real_ck_fail_memory(err, nbytes, what);
}
