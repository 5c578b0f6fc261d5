/*
 * The input as upright rows from top to bottom, whatever the file's
 * orientation and interlacing: a decoder, and where the format or the
 * orientation asks for it a buffer of the whole image.
 */
#ifndef CK_PIPELINE_SOURCE_H
#define CK_PIPELINE_SOURCE_H

#include "codec/codec.h"

typedef struct ck_source ck_source;

/*
 * Reads the header. Nothing large is allocated. body: what was downloaded, to
 * be read in place of a file at `path`; NULL: none. lossless: by the codec's
 * own, or CHUNKIMG_USAGE where it has none.
 */
ck_status ck_source_open(const char *path, const ck_body *body, bool lossless, const ck_limits *limits,
                         const ck_warnings *warnings, ck_source **out, ck_error *err);
void ck_source_close(ck_source **source);

ck_shape ck_source_shape(const ck_source *source); /* of the rows, upright */
ck_shape ck_source_picture(const ck_source *source); /* in pixels; another shape only where rows are of units */
const ck_image *ck_source_image(const ck_source *source); /* as stored; units are of 1 x 1 where rows are of pixels */
const ck_meta *ck_source_meta(const ck_source *source);
const ck_codec *ck_source_codec(const ck_source *source);
uint64_t ck_source_bytes(const ck_source *source);  /* of the file; 0: not known */
const char *ck_source_name(const ck_source *source);/* for messages */

/* The folder whose files are opened while rows are decoded: a descriptor. -1: none is. */
int ck_source_folder(const ck_source *source);

/* As ck_input_stamp and ck_input_unchanged. */
const char *ck_source_stamp(const ck_source *source, char *to, size_t size);
ck_status ck_source_unchanged(const ck_source *source, ck_error *err);

/*
 * Before the first rows: where the image has a palette, rows become indices
 * into it, of one channel. Returns the palette, which stays where it is until
 * close, or NULL: there is none, and nothing was changed.
 */
const ck_palette *ck_source_index(ck_source *source);

/* Bytes that decoding will need beside the rows themselves. CHUNKIMG_LIMIT where they cannot be counted. */
ck_status ck_source_memory(const ck_source *source, uint64_t *nbytes, ck_error *err);

/* The next rows, downward. One caller at a time, always the same process. */
ck_status ck_source_rows(ck_source *source, ck_view into, ck_error *err);

/* The row that ck_source_rows gives next, in this process. */
int32_t ck_source_row(const ck_source *source);

/* Whether a process that was forked before the first row can begin anew when another one has given rows already. */
bool ck_source_rereadable(const ck_source *source);

/*
 * Whether that many workers should decode pieces of the rows, each by itself;
 * *rows: the height of a piece, *memory: bytes that a worker needs for it.
 */
bool ck_source_in_pieces(const ck_source *source, unsigned workers, int32_t *rows, uint64_t *memory);

/* One worker's state for pieces, or NULL: out of memory. */
void *ck_source_piece_state(const ck_source *source);
void ck_source_piece_release(const ck_source *source, void *mine);

/* The rows from y on, which is a multiple of the height of a piece; into is as high as a piece, or reaches the end. */
ck_status ck_source_piece(const ck_source *source, void *mine, int32_t y, ck_view into, ck_error *err);

/* The share that the piece decoded last has in the file's checksum, and the verdict on the whole. */
void ck_source_piece_check(const ck_source *source, const void *mine, uint32_t *check, uint64_t *nbytes);
uint32_t ck_source_piece_combine(const ck_source *source, uint32_t before, uint32_t check, uint64_t nbytes);
ck_status ck_source_pieces_end(const ck_source *source, uint32_t check, ck_error *err);

/* Whether the pieces were a guess: a failure in them is not yet the file's. */
bool ck_source_guessed(const ck_source *source);

/* As ck_input_in_turns. */
ck_ahead *ck_source_read_ahead(ck_source *source, bool on); /* as ck_input_read_ahead */
void ck_source_in_turns(ck_source *source, const ck_turns *turns);

uint64_t ck_source_read_ns(const ck_source *source);

#endif
