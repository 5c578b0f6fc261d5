/*
 * The slots of erode, dilate, open and close. Erode and dilate are one pass
 * over a square window, open and close one of each.
 */
#ifndef CK_OP_MORPHOLOGY_H
#define CK_OP_MORPHOLOGY_H

#include "op/op.h"
#include "op/square.h"

extern const chunkimg_option ck_morphology_options[]; /* of all four; they fill a ck_square */

/* One pass: the halo is ck_square_halo. */
size_t ck_morphology_scratch(const void *params, ck_shape out);
void ck_morphology_erode(const void *params, const void *state, void *scratch, ck_view in, ck_view out);
void ck_morphology_dilate(const void *params, const void *state, void *scratch, ck_view in, ck_view out);

/* Two passes. */
int32_t ck_morphology_halo_twice(const void *params);
size_t ck_morphology_scratch_twice(const void *params, ck_shape out);
void ck_morphology_open(const void *params, const void *state, void *scratch, ck_view in, ck_view out);
void ck_morphology_close(const void *params, const void *state, void *scratch, ck_view in, ck_view out);

#endif
