/* What filters predict (the standard's clause 9), for loops that compilers turn into vector code. */
#ifndef CK_CODEC_PNG_PREDICT_H
#define CK_CODEC_PNG_PREDICT_H

#include <stdint.h>

/* Leaf loops in plain C that the vectoriser likes; x86 gets them compiled for its wider registers as well. */
#if defined(__has_feature)
#define CK_PNG_UNDER_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CK_PNG_UNDER_SANITIZER 1
#else
#define CK_PNG_UNDER_SANITIZER 0
#endif

/* The resolvers of clones run before a sanitizer's runtime is up. */
#if defined(__x86_64__) && defined(__linux__) && !CK_PNG_UNDER_SANITIZER
#define CK_PNG_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CK_PNG_CLONES
#endif

static inline uint8_t ck_png_distance(uint8_t a, uint8_t b)
{
    uint8_t high = a > b ? a : b, low = a > b ? b : a;

    return (uint8_t)(high - low);
}

/*
 * The Paeth predictor within 8 bits. With pa = |b-c| and pb = |a-c| the third
 * distance |a+b-2c| is their sum where a and b lie on the same side of c, and
 * then never the least; elsewhere it is their difference.
 */
static inline uint8_t ck_png_paeth(uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t pa = ck_png_distance(b, c), pb = ck_png_distance(a, c);
    uint8_t apart = ck_png_distance(pa, pb);
    uint8_t same_side = (a > c) == (b > c) ? 255 : 0;
    uint8_t pc = apart | same_side;
    uint8_t ab = pa <= pb ? a : b;
    uint8_t least = pa <= pb ? pa : pb;

    return least <= pc ? ab : c;
}

static inline uint8_t ck_png_average(uint8_t a, uint8_t b)
{
    return (uint8_t)((a + b) >> 1);
}

#endif
