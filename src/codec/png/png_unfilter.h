/* PNG row filters (the standard's clause 9), backward direction, over groups of rows. */
#ifndef CK_CODEC_PNG_UNFILTER_H
#define CK_CODEC_PNG_UNFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows that follow one another. */
typedef struct ck_png_group {
    const uint8_t *from;  /* filter byte and row_nbytes, for each row, without gaps */
    uint8_t *to;          /* never overlaps from */
    ptrdiff_t stride;     /* bytes from a row in `to` to the next */
    const uint8_t *above; /* the unfiltered row before the first: zeros where there is none */
    uint8_t *spare;       /* row_nbytes that the function may write what it likes to */
    size_t row_nbytes;
    size_t pixel_nbytes;  /* 1, 2, 3, 4, 6 or 8 */
    int32_t rows;
} ck_png_group;

/* False where a row's filter byte is none that the standard knows. By the fastest way this processor has. */
bool ck_png_unfilter(const ck_png_group *g);

/*
 * Ways to do it; all give the same bytes. Lanes: several rows at a time, one
 * pixel behind the other down the diagonal, so that what a row needs of the
 * row above has just been made in the neighbouring lane.
 */
typedef enum ck_png_unfilter_way {
    CK_PNG_UNFILTER_PLAIN,
    CK_PNG_UNFILTER_SSE41, /* 4 rows of up to 4 bytes a pixel, 2 rows of more */
    CK_PNG_UNFILTER_AVX2,  /* 8 or 4 */
    CK_PNG_UNFILTER_WAYS
} ck_png_unfilter_way;

/* The best one on this processor, and every one before it. */
ck_png_unfilter_way ck_png_unfilter_best(void);
bool ck_png_unfilter_by(ck_png_unfilter_way way, const ck_png_group *g);

#endif
