/* Tiles as PNM: what commands of the user's read and write. */
#ifndef CK_OP_PNM_H
#define CK_OP_PNM_H

#include "base/error.h"
#include "core/image.h"

/* Bytes that any header of ours fits into, and any that is read back must. */
enum { CK_PNM_HEADER_MOST = 512 };

/*
 * Gray as P5, RGB as P6, with alpha P7 (PAM), samples of 16 bit with the high
 * byte first, without padding. `to` has CK_PNM_HEADER_MOST bytes more than the
 * pixels. Returns the bytes written.
 */
size_t ck_pnm_write(ck_view in, uint8_t *to);

/*
 * The same back: P5, P6 or P7 of the view's width, height, channels and depth.
 * CHUNKIMG_SYSTEM with what was found instead.
 */
ck_status ck_pnm_read(const uint8_t *from, size_t nbytes, ck_view out, ck_error *err);

#endif
