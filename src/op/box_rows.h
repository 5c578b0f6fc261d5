/*
 * The rows of box at 8 bit, 2 radius + 1 = window pixels wide and high.
 *
 * From a row of windows to the next one comes and one goes. Running sums of
 * their difference along the row give, by one subtraction, how much a window's
 * total changes. All of that fits 16 bits without carrying further: a part of
 * a row of at most 128 pixels changes by less than 2^15.
 *
 * Where the total itself fits 16 bits, it is `narrow`; else it is kept less
 * 128 times the window's area, in an order that its owner chooses.
 */
#ifndef CK_OP_BOX_ROWS_H
#define CK_OP_BOX_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CK_BOX_NARROW = 15, /* the largest window with 16-bit totals */
    CK_BOX_PART = 128,  /* pixels of a row whose change fits 16 bits with the sign */
    CK_BOX_LANES = 32,  /* rows in scratch begin at multiples of these samples, and have as many to spare on either side */
};

/* total / area, rounded to the nearest: (total + half) factor / 2^(16 + shift), rounded down. */
typedef struct ck_box_quotient {
    uint16_t half, factor;
    uint8_t shift;
} ck_box_quotient;

/*
 * factor = 2^(16 + shift) / area, rounded up, 16 bits long: too large by less
 * than 1, so that the quotient is right while total + half stays below
 * 2^(16 + shift) / (what it is too large by, times area); it does for each of
 * the areas up to 15 x 15.
 */
static inline ck_box_quotient ck_box_quotient_of(int32_t window)
{
    int32_t area = window * window;
    ck_box_quotient q = {.half = (uint16_t)(area / 2)};

    while (area >> (q.shift + 1))
        q.shift++;
    q.factor = (uint16_t)((((uint32_t)1 << (16 + q.shift)) + (uint32_t)area - 1) / (uint32_t)area);
    return q;
}

/* total / area, rounded to the nearest. */
static inline uint8_t ck_box_mean(uint16_t total, ck_box_quotient q)
{
    uint16_t high = (uint16_t)(((uint32_t)(uint16_t)(total + q.half) * q.factor) >> 16);

    return (uint8_t)(high >> q.shift);
}

/* A row of windows; `running` is at the first sample of the first one, and `channels` zeros come before. */
typedef struct ck_box_row {
    const uint16_t *running;
    size_t channels, window, n; /* samples of a pixel; pixels; samples of the output */
    ck_box_quotient quotient;   /* where the totals are narrow */
    float share;                /* 1 / area */
} ck_box_row;

typedef struct ck_box_rows {
    /* running[i] = running[i - c] + come[i] - gone[i], n of them, and 0 before; `spare` has room for as many. */
    void (*run)(const uint8_t *come, const uint8_t *gone, size_t c, uint16_t *spare, uint16_t *running, size_t n);
    /* Adds to the totals what the running sums say, and writes the means of all of them. */
    void (*narrow)(const ck_box_row *r, uint16_t *totals, uint8_t *out);
    void (*wide)(const ck_box_row *r, int32_t *totals, uint8_t *out);
    /* Wide totals from the order of samples into its own, in place, n of them and up to the next multiple of CK_BOX_LANES. */
    void (*arrange)(int32_t *totals, size_t n);
} ck_box_rows;

/* For any processor. */
const ck_box_rows *ck_box_rows_plain(void);

/* With AVX-512; NULL: not to be had. */
const ck_box_rows *ck_box_rows_avx512(void);

static inline const ck_box_rows *ck_box_rows_best(void)
{
    const ck_box_rows *rows = ck_box_rows_avx512();

    return rows ? rows : ck_box_rows_plain();
}

#endif
