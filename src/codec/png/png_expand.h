/* From rows as PNG stores them to rows as the pipeline wants them: palette to RGB if so, tRNS to alpha, 16 bit to native. */
#ifndef CK_CODEC_PNG_EXPAND_H
#define CK_CODEC_PNG_EXPAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/image.h"

typedef struct ck_png_expand {
    uint8_t stored_channels; /* of the file's rows: 1 for a palette, no alpha that tRNS adds */
    uint8_t channels;        /* of the rows that come out */
    uint8_t depth;           /* 8 or 16 */
    uint16_t key[3];         /* the colour that tRNS makes transparent, where channels are one more than stored */
    ck_palette palette;      /* count 0: none */
    uint16_t colours;        /* that the file lists; an index beyond them stands for black */
    uint8_t black;           /* an index of it */
    bool keep;               /* rows come out as indices of the palette */
} ck_png_expand;

/* Bytes of one pixel as the file stores it. */
static inline size_t ck_png_stored_pixel_nbytes(const ck_png_expand *e)
{
    return (size_t)e->stored_channels * (e->depth / 8u);
}

/* Rows are to come out as indices, no one of which is beyond the palette's count: see ck_decoder.index. */
void ck_png_expand_keep(ck_png_expand *e);

/* In place: a row of w stored pixels at `row` becomes one of w expanded pixels. */
void ck_png_expand_row(const ck_png_expand *e, uint8_t *row, int32_t w);

/*
 * The next rows out of what was unpacked at `from` (a filter byte before each):
 * unfiltered into `into` and expanded there. `above` holds the stored row
 * before them, and the last of them afterwards; `spare` is a row of scratch.
 * False: a filter byte is none of the five.
 */
bool ck_png_restore_rows(const ck_png_expand *e, const uint8_t *from, uint8_t *above, uint8_t *spare, ck_view into);

#endif
