/*
 * A stretch of a file's IDATs, unpacked by itself: from one chunk to another,
 * by positioned reads. All that says that the stretch is not what the finder
 * took it for is CHUNKIMG_BAD_INPUT.
 */
#ifndef CK_CODEC_PNG_RANGE_H
#define CK_CODEC_PNG_RANGE_H

#include "base/error.h"
#include "codec/png/png_inflate.h"
#include "os/input.h"

enum { CK_PNG_RANGE_BUFFER_NBYTES = 128 << 10 };

#define CK_PNG_RANGE_OPEN UINT64_MAX /* the range goes on to the last IDAT */

typedef struct ck_png_range {
    const ck_input *in; /* this and the next two are set before begin */
    ck_png_inflate *inflate; /* not owned */
    uint8_t *buffer;         /* CK_PNG_RANGE_BUFFER_NBYTES, not owned */
    uint64_t longest;        /* bytes of data that one chunk may have */
    uint64_t at, end;        /* offset in the file of what the buffer will get next; of the end */
    size_t next, have;       /* buffer[next .. have) is not used up */
    uint32_t left;           /* bytes of this chunk's data that were not unpacked; 0: behind its CRC, which was right */
    uint32_t crc;            /* of what was */
    bool over;               /* no chunk follows */
} ck_png_range;

/*
 * `from` is the offset of a chunk, `end` that of the chunk behind the last one.
 * skip: bytes of the first chunk's data before the deflate stream; without them
 * the stream begins in its middle, with nothing to look back to.
 */
ck_status ck_png_range_begin(ck_png_range *r, uint64_t from, uint64_t end, unsigned skip, ck_error *err);

/* The next nbytes, or fewer where nothing follows them. */
ck_status ck_png_range_some(ck_png_range *r, uint8_t *to, size_t nbytes, size_t *got, ck_error *err);

/* Exactly the next nbytes. */
ck_status ck_png_range_read(ck_png_range *r, uint8_t *to, size_t nbytes, ck_error *err);

/*
 * Whether nothing is left but what belongs there: at the end of the image the
 * end of the stream and 4 bytes of Adler-32, elsewhere nothing, and the stream
 * stands between two blocks, at the beginning of a byte.
 */
ck_status ck_png_range_finish(ck_png_range *r, ck_error *err);

/* The length of the chunk at an offset and its type; false where the file ends. */
bool ck_png_head_at(const ck_input *in, uint64_t offset, uint32_t *length, char type[4]);

#endif
