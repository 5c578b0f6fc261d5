/*
 * What fuzz targets share. Each target defines LLVMFuzzerTestOneInput and is
 * built twice: with clang and libFuzzer, where it looks for trouble, and in
 * every build with replay.c, where it runs over saved and generated inputs as
 * an ordinary test.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file that holds the bytes and has no name but this one. Close the descriptor. */
static inline int fuzz_file(const uint8_t *data, size_t size, char path[64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

#define FUZZ_CHECK(condition)                                                       \
    do                                                                              \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    while (0)

#endif
