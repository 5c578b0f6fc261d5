#include "codec/png/png_filter.h"

#include <string.h>

/* Leaf loops in plain C that the vectoriser likes; x86 gets them compiled for its wider registers as well. */
#if defined(__has_feature)
#define UNDER_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#else
#define UNDER_SANITIZER 0
#endif

/* The resolvers of clones run before a sanitizer's runtime is up. */
#if defined(__x86_64__) && defined(__linux__) && !UNDER_SANITIZER
#define CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CLONES
#endif

static inline uint8_t distance(uint8_t a, uint8_t b)
{
    uint8_t high = a > b ? a : b, low = a > b ? b : a;

    return (uint8_t)(high - low);
}

/*
 * The Paeth predictor within 8 bits. With pa = |b-c| and pb = |a-c| the third
 * distance |a+b-2c| is their sum where a and b lie on the same side of c, and
 * then never the least; elsewhere it is their difference.
 */
static inline uint8_t paeth(uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t pa = distance(b, c), pb = distance(a, c);
    uint8_t apart = distance(pa, pb);
    uint8_t same_side = (a > c) == (b > c) ? 255 : 0;
    uint8_t pc = apart | same_side;
    uint8_t ab = pa <= pb ? a : b;
    uint8_t least = pa <= pb ? pa : pb;

    return least <= pc ? ab : c;
}

static inline uint8_t average(uint8_t a, uint8_t b)
{
    return (uint8_t)((a + b) >> 1);
}

/* The bits that |residual| has, 0..8: what a Huffman code will need grows with the logarithm, not with the value. */
static inline uint8_t weight(uint8_t residual)
{
    uint8_t negative = (uint8_t)-residual;
    uint8_t m = residual < negative ? residual : negative;

    return (uint8_t)((m > 0) + (m > 1) + (m > 3) + (m > 7) + (m > 15) + (m > 31) + (m > 63) + (m > 127));
}

/* ---- the choice -------------------------------------------------------- */

/*
 * Of a long row only every fourth block is looked at: blocks as long as the
 * grain of an image is wide say the same as the whole. The weights of a block
 * fit 16-bit sums, which vectorise twice as wide as 32-bit ones.
 */
enum { BLOCK = 512, LONG_ROW = 4096, LONG_STRIDE = 4 * BLOCK };

typedef struct sums {
    uint64_t of[CK_PNG_FILTERS];
} sums;

CLONES
static void add_block(sums *s, const uint8_t *restrict x, const uint8_t *restrict a, const uint8_t *restrict b,
                      const uint8_t *restrict c, size_t n)
{
    uint16_t none = 0, sub = 0, up = 0, avg = 0, pth = 0;

    for (size_t i = 0; i < n; i++) {
        none = (uint16_t)(none + weight(x[i]));
        sub = (uint16_t)(sub + weight((uint8_t)(x[i] - a[i])));
        up = (uint16_t)(up + weight((uint8_t)(x[i] - b[i])));
        avg = (uint16_t)(avg + weight((uint8_t)(x[i] - average(a[i], b[i]))));
        pth = (uint16_t)(pth + weight((uint8_t)(x[i] - paeth(a[i], b[i], c[i]))));
    }
    s->of[CK_PNG_NONE] += none;
    s->of[CK_PNG_SUB] += sub;
    s->of[CK_PNG_UP] += up;
    s->of[CK_PNG_AVERAGE] += avg;
    s->of[CK_PNG_PAETH] += pth;
}

CLONES
static void add_first_row_block(sums *s, const uint8_t *restrict x, const uint8_t *restrict a, size_t n)
{
    uint16_t none = 0, sub = 0;

    for (size_t i = 0; i < n; i++) {
        none = (uint16_t)(none + weight(x[i]));
        sub = (uint16_t)(sub + weight((uint8_t)(x[i] - a[i])));
    }
    s->of[CK_PNG_NONE] += none;
    s->of[CK_PNG_SUB] += sub;
}

/*
 * The first pixel is left out: it has no left neighbour, and weighs nothing.
 * Equals are decided for the filter that looks at most neighbours, as rows
 * that differ little then have the same one.
 */
ck_png_filter ck_png_filter_choose(const uint8_t *row, const uint8_t *prior, size_t nbytes, size_t pixel_nbytes)
{
    sums s = {0};
    size_t stride = nbytes < LONG_ROW ? BLOCK : LONG_STRIDE;
    ck_png_filter best = prior ? CK_PNG_PAETH : CK_PNG_SUB;

    for (size_t i = pixel_nbytes; i < nbytes; i += stride) {
        size_t n = nbytes - i < BLOCK ? nbytes - i : BLOCK;

        if (prior)
            add_block(&s, row + i, row + i - pixel_nbytes, prior + i, prior + i - pixel_nbytes, n);
        else
            add_first_row_block(&s, row + i, row + i - pixel_nbytes, n);
    }
    for (int f = (int)best - 1; f >= CK_PNG_NONE; f--)
        if (s.of[f] < s.of[best])
            best = (ck_png_filter)f;
    return best;
}

/* ---- the filters ------------------------------------------------------- */

CLONES
static void subtract(uint8_t *restrict out, const uint8_t *restrict x, const uint8_t *restrict p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(x[i] - p[i]);
}

CLONES
static void subtract_average(uint8_t *restrict out, const uint8_t *restrict x, const uint8_t *restrict a,
                             const uint8_t *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(x[i] - average(a[i], b[i]));
}

CLONES
static void subtract_paeth(uint8_t *restrict out, const uint8_t *restrict x, const uint8_t *restrict a,
                           const uint8_t *restrict b, const uint8_t *restrict c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(x[i] - paeth(a[i], b[i], c[i]));
}

void ck_png_filter_row(ck_png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *prior, size_t nbytes,
                       size_t pixel_nbytes)
{
    const uint8_t *x = row + pixel_nbytes, *a = row;
    size_t n = nbytes - pixel_nbytes;

    *out++ = (uint8_t)filter;
    if (filter == CK_PNG_NONE) {
        memcpy(out, row, nbytes);
        return;
    }
    /* The first pixel's left neighbours count as 0: SUB keeps it, and the Paeth predictor is the pixel above. */
    for (size_t i = 0; i < pixel_nbytes; i++)
        out[i] = (uint8_t)(row[i] - (filter == CK_PNG_SUB ? 0 : filter == CK_PNG_AVERAGE ? prior[i] >> 1 : prior[i]));
    out += pixel_nbytes;
    switch (filter) {
    case CK_PNG_SUB: subtract(out, x, a, n); break;
    case CK_PNG_UP: subtract(out, x, prior + pixel_nbytes, n); break;
    case CK_PNG_AVERAGE: subtract_average(out, x, a, prior + pixel_nbytes, n); break;
    default: subtract_paeth(out, x, a, prior + pixel_nbytes, prior, n); break;
    }
}
