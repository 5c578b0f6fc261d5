/* Where the tiles of a folder lie in the image that they were cut from, by its manifest. */
#ifndef CK_CODEC_TILES_LAYOUT_H
#define CK_CODEC_TILES_LAYOUT_H

#include "base/error.h"
#include "core/image.h"

typedef struct ck_tiles_entry {
    char *file;
    uint64_t nbytes;     /* of the file */
    uint32_t crc;
    int32_t file_w, file_h; /* pixels in the file */
    int32_t skip_x, skip_y; /* of these, what lies before the pixels that the tile owns: padding and overlap */
} ck_tiles_entry;

typedef struct ck_tiles_layout {
    int32_t columns, rows;
    int32_t *x, *y;      /* where each column and row begins; one more: where the last ends */
    ck_tiles_entry *tiles; /* row after row */
    uint64_t nbytes;     /* of all of this, in memory */
} ck_tiles_layout;

/*
 * Reads `file` in the folder `dir` (a descriptor). CHUNKIMG_BAD_INPUT where it
 * is damaged, tells of tiles that were left out, or where what the tiles own
 * is not a grid without gaps. After a failure nothing is held.
 */
ck_status ck_tiles_layout_read(ck_tiles_layout *layout, int dir, const char *file, const char *shown, ck_error *err);
void ck_tiles_layout_release(ck_tiles_layout *layout);

static inline ck_rect ck_tiles_own(const ck_tiles_layout *l, int32_t col, int32_t row)
{
    return (ck_rect){l->x[col], l->y[row], l->x[col + 1] - l->x[col], l->y[row + 1] - l->y[row]};
}

static inline const ck_tiles_entry *ck_tiles_at(const ck_tiles_layout *l, int32_t col, int32_t row)
{
    return &l->tiles[(int64_t)row * l->columns + col];
}

/* The largest file, each way, and the highest row of tiles. */
void ck_tiles_largest(const ck_tiles_layout *l, int32_t *file_w, int32_t *file_h, int32_t *row_h);

/* The height that all rows but the last have, which has no more; 0: they differ. */
int32_t ck_tiles_even_rows(const ck_tiles_layout *l);

#endif
