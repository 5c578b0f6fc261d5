/* From rows as PNG stores them to rows as the pipeline wants them: palette to RGB, tRNS to alpha, 16 bit to native. */
#ifndef CK_CODEC_PNG_EXPAND_H
#define CK_CODEC_PNG_EXPAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ck_png_expand {
    uint8_t stored_channels; /* of the file's rows: 1 for a palette, no alpha that tRNS adds */
    uint8_t channels;        /* of the rows that come out */
    uint8_t depth;           /* 8 or 16 */
    bool palette;
    uint16_t key[3];         /* the colour that tRNS makes transparent, where channels are one more than stored */
    uint8_t table[256][4];   /* of a palette: red, green, blue, alpha */
} ck_png_expand;

/* In place: a row of w stored pixels at `row` becomes one of w expanded pixels. */
void ck_png_expand_row(const ck_png_expand *e, uint8_t *row, int32_t w);

#endif
