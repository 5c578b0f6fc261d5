/*
 * PNG: the filters undone by a plain loop, a byte at a time from left to right, without vectors of any kind. It says
 * what the format costs a program that takes no trouble; one that takes some is faster, so this is no lower bound.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits_png.h"

static inline uint8_t paeth(int a, int b, int c)
{
    int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);

    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* `row` and `up` have bpp bytes of zero in front of them. One for each distance, so that the compiler knows it. */
static inline __attribute__((always_inline)) void undo(uint8_t *restrict row, const uint8_t *restrict up,
                                                       const uint8_t *restrict in, size_t n, size_t bpp)
{
    const uint8_t *left = row - bpp, *corner = up - bpp;

    switch (*in++) {
    case 0:
        memcpy(row, in, n);
        break;
    case 1:
        for (size_t i = 0; i < n; i++)
            row[i] = (uint8_t)(in[i] + left[i]);
        break;
    case 2:
        for (size_t i = 0; i < n; i++)
            row[i] = (uint8_t)(in[i] + up[i]);
        break;
    case 3:
        for (size_t i = 0; i < n; i++)
            row[i] = (uint8_t)(in[i] + ((left[i] + up[i]) >> 1));
        break;
    default:
        for (size_t i = 0; i < n; i++)
            row[i] = (uint8_t)(in[i] + paeth(left[i], up[i], corner[i]));
    }
}

static void undo_row(uint8_t *row, const uint8_t *up, const uint8_t *in, size_t n, unsigned bpp)
{
    switch (bpp) {
    case 1: undo(row, up, in, n, 1); break;
    case 2: undo(row, up, in, n, 2); break;
    case 3: undo(row, up, in, n, 3); break;
    case 4: undo(row, up, in, n, 4); break;
    case 6: undo(row, up, in, n, 6); break;
    default: undo(row, up, in, n, 8);
    }
}

/* Two rows take turns, so that what is written stays in the cache. The bytes of rows that were done. */
static size_t undo_all(const ck_limits_png *p, uint8_t *lines[2])
{
    const uint8_t *in = p->raw, *end = p->raw + p->raw_nbytes;
    uint32_t rows;
    size_t row, done = 0;

    for (unsigned pass = 0; ck_limits_png_pass(p, pass, &rows, &row); pass++) {
        memset(lines[1], 0, row);
        for (uint32_t y = 0; y < rows && (size_t)(end - in) > row; y++) {
            undo_row(lines[y & 1], lines[~y & 1], in, row, p->bpp);
            ck_limits_keep(lines[y & 1]);
            in += row + 1;
            done += row;
        }
    }
    return done;
}

typedef struct unfilter {
    const ck_limits_png *png;
    uint8_t *lines[2];
} unfilter;

static double unfilter_once(void *user)
{
    unfilter *u = user;
    double start = ck_limits_now();

    undo_all(u->png, u->lines);
    return ck_limits_now() - start;
}

/* Which filters the rows have, in percent, for the note. */
static void histogram(const ck_limits_png *p, char *to, size_t size)
{
    static const char *const names[] = {"none", "sub", "up", "average", "Paeth"};
    size_t counts[5] = {0}, all = 0, row, used = 0, at = 0;
    uint32_t rows;

    for (unsigned pass = 0; ck_limits_png_pass(p, pass, &rows, &row); pass++)
        for (uint32_t y = 0; y < rows && at + row < p->raw_nbytes; y++, at += row + 1, all++)
            counts[p->raw[at] > 4 ? 4 : p->raw[at]]++;
    used = (size_t)snprintf(to, size, "a plain loop, no lower bound; rows:");
    for (int i = 0; i < 5 && all && used < size; i++)
        if (counts[i])
            used += (size_t)snprintf(to + used, size - used, " %s %.0f %%", names[i],
                                     100 * (double)counts[i] / (double)all);
}

chunkimg_status ck_limits_of_rows(ck_limits *l, const ck_limits_png *p, chunkimg_error *err)
{
    ck_figure f = {.group = "png", .name = "unfilter_plain", .text = "undo the filters", .unit = "MB/s"};
    unfilter u = {.png = p};
    size_t row = (size_t)(((uint64_t)p->width * p->pixel_bits + 7) / 8), line = row + 16;
    uint8_t *memory = calloc(2, line);
    chunkimg_status status;
    double s = 0;

    if (!memory)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "%s", l->input);
    u.lines[0] = memory + 8;
    u.lines[1] = memory + line + 8;
    size_t done = undo_all(p, u.lines);
    histogram(p, f.note, sizeof f.note);
    status = done ? ck_limits_rate(l, f, (double)done * 1e-6, unfilter_once, &u, &s, err) : CHUNKIMG_OK;
    if (done)
        l->floors.unfilter_s = s * (double)p->whole_nbytes / (double)done;
    free(memory);
    return status;
}
