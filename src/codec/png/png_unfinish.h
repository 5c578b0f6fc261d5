/* Taking back the end of a deflate stream, for compressors that can only write whole ones. */
#ifndef CK_CODEC_PNG_UNFINISH_H
#define CK_CODEC_PNG_UNFINISH_H

#include <stddef.h>
#include <stdint.h>

enum { CK_PNG_UNFINISH_NBYTES = 5 }; /* that a stream grows by, at most */

/*
 * The last block of the raw deflate stream at[0..nbytes) becomes one of many,
 * and an empty stored block behind it ends on a byte boundary, as after a
 * flush. Returns the new length; 0: that is no deflate stream.
 */
size_t ck_png_unfinish(uint8_t *at, size_t nbytes);

#endif
