/* What lies beyond an image, as --border says. */
#ifndef CK_OP_BORDER_H
#define CK_OP_BORDER_H

#include "base/error.h"
#include "core/image.h"

/*
 * `v` shows the rectangle `pad` of an image of shape `image`, or reaches past
 * it. Fills the rows [y, y_end) of it (in the image's coordinates) where they
 * lie outside: the rest of them, and all rows of `pad` above, are there.
 */
void ck_border_fill(chunkimg_border border, ck_view v, ck_rect pad, ck_shape image, int32_t y, int32_t y_end);

#endif
