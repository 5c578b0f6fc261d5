/* gray: luma. */
#include "op/clones.h"
#include "op/op.h"

#include <stddef.h>
#include <string.h>

enum { BITS = 15, HALF = 1 << (BITS - 1) };

/* Of red, green and blue, times 2^BITS; they sum to it, so that white stays white. int16 takes them. */
typedef struct weights {
    int32_t r, g, b;
} weights;

typedef struct params {
    int standard; /* index into standards */
} params;

static const char *const standards[] = {"601", "709", NULL};
static const weights of_standard[] = {{9798, 19235, 3735}, {6966, 23436, 2366}};

static ck_shape shape(const void *p, ck_shape in)
{
    (void)p;
    in.channels = ck_has_alpha(in) ? 2 : 1;
    return in;
}

#define ROW(name, sample, from, to)                                                                                   \
    CK_CLONES static void name(weights w, const sample *restrict in, sample *restrict out, size_t n)                  \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++) {                                                                              \
            const sample *p = in + (from) * i;                                                                        \
            out[(to) * i] = (sample)((p[0] * w.r + p[1] * w.g + p[2] * w.b + HALF) >> BITS);                          \
        }                                                                                                             \
    }

ROW(plain_rgb8, uint8_t, 3, 1)
ROW(rgb16, uint16_t, 3, 1)
ROW(rgba8, uint8_t, 4, 2)
ROW(rgba16, uint16_t, 4, 2)

/* ---- x86: the compiler needs many more shuffles to take three channels apart; twice as fast ---- */

#if CK_X86_LANES
#include <immintrin.h>

/* Four pixels in each 128 bits become pairs of 16 bits: (red, green), and (blue, 1) for the rounding. */
__attribute__((target("avx2"))) static __m256i avx2_luma(weights w, const uint8_t *low, const uint8_t *high)
{
    const __m256i rg = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
    const __m256i b = _mm256_broadcastsi128_si256(_mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
                                        _mm_loadu_si128((const __m128i *)high), 1);
    __m256i first = _mm256_madd_epi16(_mm256_shuffle_epi8(v, rg), _mm256_set1_epi32(w.g << 16 | w.r));
    __m256i second = _mm256_madd_epi16(_mm256_or_si256(_mm256_shuffle_epi8(v, b), _mm256_set1_epi32(1 << 16)),
                                       _mm256_set1_epi32(HALF << 16 | w.b));

    return _mm256_srli_epi32(_mm256_add_epi32(first, second), BITS);
}

/* 16 pixels a step; 4 bytes beyond them are read. */
__attribute__((target("avx2"))) static size_t avx2_rgb8(weights w, const uint8_t *in, uint8_t *out, size_t n)
{
    size_t i = 0;

    for (; i + 18 <= n; i += 16) {
        const uint8_t *p = in + 3 * i;
        __m256i words = _mm256_packs_epi32(avx2_luma(w, p, p + 24), avx2_luma(w, p + 12, p + 36));
        __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(words, words), 0x08);
        _mm_storeu_si128((__m128i *)(out + i), _mm256_castsi256_si128(bytes));
    }
    return i;
}

/* 16 pixels a step; 16 bytes beyond them are read. */
__attribute__((target("avx512f,avx512bw"))) static size_t avx512_rgb8(weights w, const uint8_t *in, uint8_t *out, size_t n)
{
    const __m512i spread = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
    const __m512i rg = _mm512_broadcast_i32x4(_mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
    const __m512i b = _mm512_broadcast_i32x4(_mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    const __m512i by_rg = _mm512_set1_epi32(w.g << 16 | w.r), by_b = _mm512_set1_epi32(HALF << 16 | w.b);
    size_t i = 0;

    for (; i + 22 <= n; i += 16) {
        __m512i v = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(in + 3 * i));
        __m512i first = _mm512_madd_epi16(_mm512_shuffle_epi8(v, rg), by_rg);
        __m512i second = _mm512_madd_epi16(_mm512_or_si512(_mm512_shuffle_epi8(v, b), _mm512_set1_epi32(1 << 16)), by_b);
        __m512i sum = _mm512_srli_epi32(_mm512_add_epi32(first, second), BITS);
        _mm_storeu_si128((__m128i *)(out + i), _mm512_cvtepi32_epi8(sum));
    }
    return i;
}

static size_t fast_rgb8(weights w, const uint8_t *in, uint8_t *out, size_t n)
{
    if (__builtin_cpu_supports("avx512bw"))
        return avx512_rgb8(w, in, out, n);
    return __builtin_cpu_supports("avx2") ? avx2_rgb8(w, in, out, n) : 0;
}

#else

static size_t fast_rgb8(weights w, const uint8_t *in, uint8_t *out, size_t n)
{
    (void)w, (void)in, (void)out, (void)n;
    return 0;
}

#endif

static void rgb8(weights w, const uint8_t *in, uint8_t *out, size_t n)
{
    size_t done = fast_rgb8(w, in, out, n);

    plain_rgb8(w, in + 3 * done, out + done, n - done);
}

static void gray_row(weights w, const uint8_t *in, uint8_t *out, ck_shape from)
{
    size_t n = (size_t)from.w;

    if (from.channels < 3)
        memcpy(out, in, ck_row_nbytes(from));
    else if (from.depth == 8)
        (from.channels == 3 ? rgb8 : rgba8)(w, in, out, n);
    else
        (from.channels == 3 ? rgb16 : rgba16)(w, (const uint16_t *)in, (uint16_t *)out, n);
}

static void apply(const void *p, const void *state, void *scratch, ck_view in, ck_view out)
{
    weights w = of_standard[((const params *)p)->standard];

    (void)state, (void)scratch;
    for (int32_t y = 0; y < out.shape.h; y++)
        gray_row(w, ck_row(in, y), ck_row(out, y), in.shape);
}

static const chunkimg_option options[] = {
    {.name = "standard", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, standard), .choices = standards,
     .fallback = "601", .value = "601|709", .help = "whose luma: Rec. ITU-R BT.601 or BT.709"},
    {.name = NULL},
};

const ck_op ck_op_gray = {
    .name = "gray",
    .summary = "luma of the colours: RGB becomes one channel, RGBA two",
    .details = "601: out = (9798 R + 19235 G + 3735 B + 16384) / 32768, rounded down: the luma of Rec. ITU-R BT.601 "
               "(0.299, 0.587, 0.114) on the samples as they are stored. 709: 6966, 23436 and 2366, that of Rec. ITU-R "
               "BT.709 (0.2126, 0.7152, 0.0722). Alpha stays; a gray image stays as it is.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .shape = shape,
    .apply = apply,
};
