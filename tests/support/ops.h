/*
 * For tests of operations: images of one uint16_t a sample, an operation run on one through a chain, and comparing
 * with a reference that works on whole images. Everything is static inline: a test takes what it needs.
 */
#ifndef CK_TESTS_SUPPORT_OPS_H
#define CK_TESTS_SUPPORT_OPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/chain.h"
#include "support/noise.h"

/* ---- images: one uint16_t a sample, whatever the depth ------------------ */

typedef struct image {
    ck_shape shape;
    uint16_t *px;
} image;

static inline size_t samples(ck_shape s)
{
    return (size_t)s.w * (size_t)s.h * s.channels;
}

static inline image image_new(int32_t w, int32_t h, int channels, int depth)
{
    image m = {{w, h, (uint8_t)channels, (uint8_t)depth}, NULL};

    m.px = calloc(samples(m.shape), sizeof *m.px);
    assert_non_null(m.px);
    return m;
}

static inline int max_of(ck_shape s)
{
    return s.depth == 16 ? 65535 : 255;
}

static inline uint16_t *at(const image *m, int32_t x, int32_t y, int c)
{
    return &m->px[((size_t)y * (size_t)m->shape.w + (size_t)x) * m->shape.channels + (size_t)c];
}

/* The sample there, reflected. */
static inline int64_t get(const image *m, int64_t x, int64_t y, int c)
{
    int64_t w = m->shape.w, h = m->shape.h;

    while (x < 0 || x >= w)
        x = w == 1 ? 0 : x < 0 ? -x : 2 * (w - 1) - x;
    while (y < 0 || y >= h)
        y = h == 1 ? 0 : y < 0 ? -y : 2 * (h - 1) - y;
    return *at(m, (int32_t)x, (int32_t)y, c);
}

enum { NOISE, EXTREMES, RAMP, FULL, CONTENTS };

static inline image image_filled(int32_t w, int32_t h, int channels, int depth, int content)
{
    image m = image_new(w, h, channels, depth);
    uint32_t max = (uint32_t)max_of(m.shape);

    for (size_t i = 0; i < samples(m.shape); i++) {
        uint32_t v = max;
        if (content == NOISE)
            v = noise() % (max + 1);
        else if (content == EXTREMES)
            v = noise() & 1024 ? max : 0;
        else if (content == RAMP)
            v = (uint32_t)(i * 7 + noise() % 8) & max;
        m.px[i] = (uint16_t)v;
    }
    return m;
}

/* ---- the library's side ---------------------------------------------------- */

static inline ck_rows rows_of(const image *m)
{
    ck_rows r = {NULL, (ck_row_nbytes(m->shape) + 63) / 64 * 64, m->shape.h, m->shape};

    r.px = aligned_alloc(64, r.stride * (size_t)r.ring);
    assert_non_null(r.px);
    for (int32_t y = 0; y < m->shape.h; y++)
        for (size_t i = 0; i < (size_t)m->shape.w * m->shape.channels; i++) {
            uint16_t v = m->px[(size_t)y * (size_t)m->shape.w * m->shape.channels + i];
            if (m->shape.depth == 8)
                ck_rows_at(&r, y)[i] = (uint8_t)v;
            else
                ((uint16_t *)ck_rows_at(&r, y))[i] = v;
        }
    return r;
}

enum { GUARD = 64 /* bytes beside every row of an output that must stay as they were */ };

static inline void run_block(const ck_chain *chain, void *scratch, const ck_rows *rows, ck_rect rect, image *out)
{
    ck_shape shape = {rect.w, rect.h, out->shape.channels, out->shape.depth};
    size_t n = (size_t)rect.w * shape.channels, row = ck_row_nbytes(shape), stride = row + 2 * GUARD;
    uint8_t *room = malloc(stride * (size_t)rect.h);

    assert_non_null(room);
    memset(room, 0x3C, stride * (size_t)rect.h);
    ck_chain_apply(chain, scratch, rows, rect, (ck_view){room + GUARD, (ptrdiff_t)stride, shape});
    for (int32_t y = 0; y < rect.h; y++) {
        const uint8_t *from = room + stride * (size_t)y;
        uint16_t *to = at(out, rect.x, rect.y + y, 0);
        for (size_t i = 0; i < n; i++)
            to[i] = shape.depth == 8 ? from[GUARD + i] : ((const uint16_t *)(const void *)(from + GUARD))[i];
        for (size_t i = 0; i < GUARD; i++)
            assert_true(from[i] == 0x3C && from[GUARD + row + i] == 0x3C);
    }
    free(room);
}

/* In blocks of w x h, the last ones smaller; what scratch holds at the start must not matter. */
static inline image run_blocks(const char *text, const image *in, int32_t w, int32_t h)
{
    chunkimg_list list = {1, {text}};
    ck_rows rows = rows_of(in);
    ck_chain *chain;
    ck_error err;

    if (ck_chain_create(&list, in->shape, &chain, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    ck_shape shape = ck_chain_shape(chain);
    image out = image_new(shape.w, shape.h, shape.channels, shape.depth);
    w = w < shape.w ? w : shape.w;
    h = h < shape.h ? h : shape.h;
    size_t scratch_nbytes = (ck_chain_scratch(chain, w, h) + 63) / 64 * 64;
    void *scratch = aligned_alloc(64, scratch_nbytes);

    assert_true(scratch || !scratch_nbytes);
    if (scratch)
        memset(scratch, 0xA5, scratch_nbytes);
    for (int32_t y = 0; y < shape.h; y += h)
        for (int32_t x = 0; x < shape.w; x += w)
            run_block(chain, scratch, &rows,
                      (ck_rect){x, y, w < shape.w - x ? w : shape.w - x, h < shape.h - y ? h : shape.h - y}, &out);
    free(scratch);
    free(rows.px);
    ck_chain_free(&chain);
    return out;
}

static inline image run(const char *text, const image *in)
{
    return run_blocks(text, in, INT32_MAX, INT32_MAX);
}

/* ---- references that others are made of ------------------------------------------ */

static inline int64_t clamp(int64_t v, int64_t most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

static inline int colours(ck_shape s)
{
    return s.channels == 1 || s.channels == 2 ? 1 : 3;
}

static inline bool alpha(ck_shape s)
{
    return s.channels % 2 == 0;
}

static inline int64_t rounded(int64_t numerator, int64_t denominator)
{
    return (2 * numerator + denominator) / (2 * denominator);
}

static inline image ref_multiply(const image *in)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, 16);
    int64_t max = max_of(in->shape);

    for (size_t i = 0; i < samples(in->shape); i++) {
        size_t c = i % in->shape.channels;
        int64_t a = in->px[i - c + in->shape.channels - 1u];
        bool is_alpha = c + 1 == in->shape.channels;
        out.px[i] = (uint16_t)(is_alpha ? a * (65535 / max) : rounded(in->px[i] * a * 65535, max * max));
    }
    return out;
}

static inline image ref_divide(const image *in, int depth)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, depth);
    int64_t max = max_of(out.shape);

    for (size_t i = 0; i < samples(in->shape); i++) {
        size_t c = i % in->shape.channels;
        int64_t a = in->px[i - c + in->shape.channels - 1u], v = in->px[i] < a ? in->px[i] : a;
        bool is_alpha = c + 1 == in->shape.channels;
        if (is_alpha)
            out.px[i] = (uint16_t)rounded(a, 65535 / max);
        else
            out.px[i] = (uint16_t)(a ? (v * max + a / 2) / a : 0);
    }
    return out;
}

/* The operation is refused for an image of this shape, with a sentence. */
static inline void refused(const char *text, ck_shape shape)
{
    chunkimg_list list = {1, {text}};
    ck_chain *chain;
    ck_error err;

    assert_int_equal(ck_chain_create(&list, shape, &chain, &err), CHUNKIMG_USAGE);
    assert_null(chain);
    assert_true(strlen(err.text) > 10);
}

/* ---- comparing ------------------------------------------------------------------ */

typedef struct trial {
    const char *text;
    image (*reference)(const image *in, const double *args);
    bool premultiplied;
    double args[6];
} trial;

static inline image expected(const trial *t, const image *in)
{
    image wide, filtered, out;

    if (!t->premultiplied || !alpha(in->shape))
        return t->reference(in, t->args);
    wide = ref_multiply(in);
    filtered = t->reference(&wide, t->args);
    out = ref_divide(&filtered, in->shape.depth);
    free(wide.px);
    free(filtered.px);
    return out;
}

static inline void compare(const trial *t, const image *in)
{
    image want = expected(t, in), have = run(t->text, in);

    assert_int_equal(want.shape.channels, have.shape.channels);
    assert_int_equal(want.shape.depth, have.shape.depth);
    for (size_t i = 0; i < samples(want.shape); i++)
        if (want.px[i] != have.px[i])
            fail_msg("%s, %dx%d, %d channels, %d bit, sample %zu: %d instead of %d", t->text, in->shape.w, in->shape.h,
                     in->shape.channels, in->shape.depth, i, have.px[i], want.px[i]);
    free(want.px);
    free(have.px);
}

static inline void compare_sizes(const trial *t, const int32_t (*sizes)[2], size_t count)
{
    for (size_t s = 0; s < count; s++)
        for (int kind = 0; kind < 4 * 2 * CONTENTS; kind++) {
            image in = image_filled(sizes[s][0], sizes[s][1], kind % 4 + 1, kind / 4 % 2 ? 16 : 8, kind / 8);
            compare(t, &in);
            free(in.px);
        }
}

/* For what takes long: noise, three channels at 8 bit and two at 16. */
static inline void compare_twice(const trial *t, int32_t w, int32_t h)
{
    image a = image_filled(w, h, 3, 8, NOISE), b = image_filled(w, h, 2, 16, NOISE);

    compare(t, &a);
    compare(t, &b);
    free(a.px);
    free(b.px);
}

static const int32_t small_sizes[][2] = {{1, 1}, {1, 7}, {9, 1}, {2, 2}, {5, 3}, {37, 11}, {70, 5}};
/* The largest samples there are, where sums could overflow. */
static inline void compare_full(const trial *t, int32_t w, int32_t h)
{
    image a = image_filled(w, h, 3, 8, FULL), b = image_filled(w, h, 1, 16, FULL);

    compare(t, &a);
    compare(t, &b);
    free(a.px);
    free(b.px);
}

__attribute__((unused)) static const int32_t large_sizes[][2] = {{133, 40}, {211, 9}};

static inline void compare_all(const trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++)
        compare_sizes(&trials[i], small_sizes, sizeof small_sizes / sizeof small_sizes[0]);
}

#define ALL(trials) compare_all(trials, sizeof(trials) / sizeof(trials)[0])

#endif
