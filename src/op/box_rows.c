/* The rows of box in C that compilers make vectors of. */
#include "op/box_rows.h"

#include <string.h>

#include "op/clones.h"

/* Eight samples: at least two pixels, with what follows them. They need not be aligned. */
typedef uint16_t eight __attribute__((vector_size(16), aligned(2), may_alias));

CK_CLONES
static void difference(const uint8_t *restrict come, const uint8_t *restrict gone, uint16_t *restrict change, size_t n)
{
    for (size_t i = 0; i < n; i++)
        change[i] = (uint16_t)(come[i] - gone[i]);
}

/* One addition for two pixels is all that has to wait for the one before. */
CK_CLONES
static void accumulate(const uint16_t *restrict change, size_t c, uint16_t *restrict running, size_t n)
{
    eight sum = {0};

    for (size_t i = 0; i < n; i += 2 * c) {
        sum += *(const eight *)(change + i) + *(const eight *)(change + i - c);
        *(eight *)(running + i) = sum;
    }
}

static void run(const uint8_t *come, const uint8_t *gone, size_t c, uint16_t *spare, uint16_t *running, size_t n)
{
    memset(spare - c, 0, c * sizeof *spare);
    difference(come, gone, spare, n);
    accumulate(spare, c, running, n);
}

CK_CLONES
static void narrow_means(const uint16_t *restrict from, const uint16_t *restrict to, ck_box_quotient q,
                         uint16_t *restrict totals, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t total = (uint16_t)(totals[i] + to[i] - from[i]);
        totals[i] = total;
        out[i] = ck_box_mean(total, q);
    }
}

static void narrow(const ck_box_row *r, uint16_t *totals, uint8_t *out)
{
    size_t c = r->channels;

    narrow_means(r->running - c, r->running + (r->window - 1) * c, r->quotient, totals, out, r->n);
}

/*
 * There is no half-way, the area being odd: a quotient is at least
 * 1 / (2 area) away from where rounding changes. Up to CK_BOX_PART that is
 * 3.1e-5, and float's error is below 2e-5; double's is always less.
 */
#define WIDE(name, real, change)                                                                                      \
    CK_CLONES static void name(const uint16_t *restrict from, const uint16_t *restrict middle,                        \
                               const uint16_t *restrict to, real share, int32_t *restrict totals,                     \
                               uint8_t *restrict out, size_t n)                                                       \
    {                                                                                                                 \
        (void)middle;                                                                                                 \
        for (size_t i = 0; i < n; i++) {                                                                              \
            int32_t total = totals[i] + (change);                                                                     \
            totals[i] = total;                                                                                        \
            out[i] = (uint8_t)(int32_t)((real)total * share + (real)128.5);                                           \
        }                                                                                                             \
    }

#define CHANGE(from, to) (int16_t)(uint16_t)(to[i] - from[i])

WIDE(wide_one, float, CHANGE(from, to))
WIDE(wide_two, double, CHANGE(from, middle) + CHANGE(middle, to))

static void wide(const ck_box_row *r, int32_t *totals, uint8_t *out)
{
    size_t c = r->channels;
    const uint16_t *from = r->running - c, *to = from + r->window * c;

    if (r->window <= CK_BOX_PART)
        wide_one(from, NULL, to, r->share, totals, out, r->n);
    else
        wide_two(from, from + CK_BOX_PART * c, to, 1.0 / (double)(r->window * r->window), totals, out, r->n);
}

static void as_they_are(int32_t *totals, size_t n)
{
    (void)totals;
    (void)n;
}

const ck_box_rows *ck_box_rows_plain(void)
{
    static const ck_box_rows rows = {run, narrow, wide, as_they_are};

    return &rows;
}
