/*
 * Runs a fuzz target over files, each as it is, cut at many places and with
 * bytes changed (always the same ones): `replay FILE|FOLDER...`.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

enum { LARGEST = 64 * 1024, VARIANTS = 40 };

static unsigned long runs;

static void run_variants(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    uint32_t seed = (uint32_t)size * 2654435761u + 1;

    LLVMFuzzerTestOneInput(data, size);
    for (int i = 0; i < VARIANTS; i++) {
        size_t n = size;

        memcpy(copy, data, size);
        seed = seed * 1664525u + 1013904223u;
        if (i % 2 && size)
            n = seed % size;
        else
            for (int k = 0; k <= i % 5 && size; k++) {
                seed = seed * 1664525u + 1013904223u;
                copy[(seed >> 8) % size] ^= (uint8_t)(1u << (seed & 7));
            }
        LLVMFuzzerTestOneInput(copy, n);
        runs++;
    }
    free(copy);
}

static void run_file(const char *path)
{
    uint8_t *data = malloc(LARGEST);
    FILE *f = fopen(path, "rb");

    if (!f) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    size_t n = fread(data, 1, LARGEST, f);
    int whole = fgetc(f) == EOF;
    fclose(f);
    if (whole) /* larger ones would only be slow */
        run_variants(data, n);
    free(data);
}

static void run_path(const char *path)
{
    struct stat st;
    DIR *d = !stat(path, &st) && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    char inner[4096];

    if (!d) {
        run_file(path);
        return;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') {
            snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
            run_path(inner);
        }
    closedir(d);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("%lu inputs\n", runs);
    return runs ? 0 : 1;
}
