/* How an image is cut: every pixel belongs to exactly one tile (its owner), whatever overlap and edges do to the files. */
#ifndef CK_CORE_GRID_H
#define CK_CORE_GRID_H

#include "base/error.h"
#include "core/image.h"

typedef struct ck_grid {
    int32_t w, h;           /* of the image, pixels */
    int32_t columns, rows;
    int32_t tile_w, tile_h; /* nominal size without overlap, pixels */
    int32_t overlap;        /* pixels that a tile's file reaches into each neighbour */
    chunkimg_edge edge;
    bool even;              /* cut into equal shares (sizes differ by at most 1) instead of tile_w and a rest */
} ck_grid;

typedef struct ck_tile {
    uint64_t index; /* row * columns + col */
    int32_t col, row;
    ck_rect own;    /* pixels that only this tile owns */
    ck_rect held;   /* pixels of the image in its file: own with overlap, or shifted back */
    int32_t file_w, file_h;     /* of the file; larger than held where it is padded */
    int32_t pad_left, pad_top;  /* where held begins in the file */
} ck_tile;

/*
 * A grid of `asked` tiles as square as the image allows. Where that number has
 * no good grid (sides that differ more than fourfold) the next number that has
 * one is taken. CHUNKIMG_USAGE where the image has fewer pixels than that.
 */
ck_status ck_grid_of_count(int32_t w, int32_t h, int64_t asked, ck_grid *out, ck_error *err);

/* Exactly columns x rows. */
ck_status ck_grid_of_shape(int32_t w, int32_t h, int64_t columns, int64_t rows, ck_grid *out, ck_error *err);

/* Tiles of tile_w x tile_h. CHUNKIMG_USAGE where `drop` would leave none. */
ck_status ck_grid_of_size(int32_t w, int32_t h, int64_t tile_w, int64_t tile_h, chunkimg_edge edge, ck_grid *out,
                          ck_error *err);

/* Full-width strips, `asked` of them (0: of about a mebibyte), every height but the last a multiple of `align`. */
ck_status ck_grid_of_strips(ck_shape image, int64_t asked, int32_t align, ck_grid *out, ck_error *err);

static inline uint64_t ck_grid_count(const ck_grid *g)
{
    return (uint64_t)g->columns * (uint64_t)g->rows;
}

ck_tile ck_grid_tile(const ck_grid *g, uint64_t index);

/* The rows of the image that the files of a grid row hold: [*top, *bottom). */
void ck_grid_row_held(const ck_grid *g, int32_t row, int32_t *top, int32_t *bottom);

/* Largest file of any tile. */
void ck_grid_largest(const ck_grid *g, int32_t *file_w, int32_t *file_h);

/* The part of the image that tiles own: all of it, unless --edge drop left a rest out. */
ck_rect ck_grid_covered(const ck_grid *g);

#endif
