/*
 * A chain of operations, run on one block at a time while it is in the L2
 * cache: every stage's output goes straight into the middle of the next
 * stage's padded input. Halos add up. At the image's border each stage's own
 * output is reflected before the next stage reads it, so the result is the
 * same as running the operations one after another on the whole image.
 *
 * A chain is made once per job, before workers exist, and read only afterwards.
 */
#ifndef CK_OP_CHAIN_H
#define CK_OP_CHAIN_H

#include "core/rows.h"
#include "op/op.h"

typedef struct ck_chain ck_chain;

/*
 * `texts` are "NAME[=ARG[,ARG]]" or "NAME=key:value"; arguments follow the
 * operation's option rows in order. No text, or only "copy": the empty chain.
 * CHUNKIMG_USAGE for an unknown name (with the nearest one), a wrong argument,
 * or an operation that does not suit the shape.
 */
ck_status ck_chain_create(const chunkimg_list *texts, ck_shape in, ck_chain **out, ck_error *err);
void ck_chain_free(ck_chain **chain);

bool ck_chain_is_copy(const ck_chain *chain);
const char *ck_chain_text(const ck_chain *chain); /* "copy", "blur=2, sobel" */
int32_t ck_chain_halo(const ck_chain *chain);     /* pixels on each side, all stages together */
ck_shape ck_chain_shape(const ck_chain *chain);   /* of the whole output image */

/* Rows that a block of this width should have to stay in cache with all its stages: 1 .. tile_h. */
int32_t ck_chain_block_rows(const ck_chain *chain, int32_t tile_w, int32_t tile_h);

/* Bytes of scratch that one worker needs for blocks up to w x h. SIZE_MAX where it cannot be counted. */
size_t ck_chain_scratch(const ck_chain *chain, int32_t w, int32_t h);

/*
 * Computes the block `rect` (inside the output image) into `out`, which has
 * the rectangle's size and the output's channels and depth. Rows of `src` from
 * rect.y - halo to rect.y + rect.h + halo, clipped to the image, must be
 * there. `scratch` is 64-byte aligned. Any thread, each with its own scratch.
 */
void ck_chain_apply(const ck_chain *chain, void *scratch, const ck_rows *src, ck_rect rect, ck_view out);

#endif
