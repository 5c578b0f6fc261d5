/*
 * Codecs: rows come downward out of a decoder, and go downward into an encoder.
 *
 * What a codec's library says by longjmp, callback or global text becomes a
 * ck_error in the file that includes the library's header and goes no further.
 * Codecs start no threads.
 *
 * To add one: a folder NAME/ with the ck_codec in it, and a line in codecs.def.
 */
#ifndef CK_CODEC_CODEC_H
#define CK_CODEC_CODEC_H

#include "base/error.h"
#include "core/image.h"
#include "core/meta.h"
#include "os/input.h"

/* Gets every warning of a decoder's open (a damaged ancillary chunk that was dropped); not used later. */
typedef struct ck_warnings {
    void (*say)(void *user, const char *text); /* NULL: nobody listens */
    void *user;
} ck_warnings;

/* What the header says. */
typedef struct ck_image {
    ck_shape shape; /* of the stored rows as `rows` will give them: before orientation is applied */
    ck_meta meta;
    const struct ck_codec *like; /* what tiles of it are encoded by unless the user says otherwise; NULL: this codec */
    bool whole;          /* `rows` must be asked for all rows in one call (interlaced PNG) */
    uint64_t memory;     /* bytes the decoder allocates for itself, at most */

    /*
     * Where `rows` gives no pixels but units of several pixels (the stored
     * coefficients of an MCU): pixels of a unit, the image in pixels, and what
     * an encoder of such units must know of the file besides
     * (ck_encode_params.stored), in the decoder's state until its close.
     * The shape's w and h count units then. unit_w 0: a unit is a pixel.
     */
    int32_t unit_w, unit_h;
    ck_shape picture;
    const void *stored;

    /* Where pixels are indices: their palette, in the decoder's state until its close. NULL: they are colours. */
    const ck_palette *palette;

    /*
     * Where the file has independent segments (restart markers, flush points):
     * rows of each of them, all alike but the last. Then `piece` may be used
     * instead of `rows`. 0: the file is one serial chain.
     */
    int32_t segment_rows;  /* 1: a piece may begin at any row */
    unsigned piece_workers;/* fewer workers than this do better with the chain */
    uint64_t piece_memory; /* bytes that one worker needs for pieces of piece_rows rows */
    int32_t piece_rows;    /* how many rows a piece should have: a multiple of segment_rows */
    bool piece_guess;      /* that the segments are independent is likely and not promised: when a piece fails, the file
                              must be read once more by `rows`, whose verdict counts */
} ck_image;

typedef struct ck_limits {
    uint64_t max_pixels;
    uint64_t max_memory; /* bytes; UINT64_MAX: none */
    int max_scans;       /* of a progressive JPEG */
} ck_limits;

typedef struct ck_decoder {
    size_t state_size; /* zeroed by the caller before open */
    double cost;       /* nanoseconds of one core for a byte of pixels, about: for the choice of a mode */

    /* Whether the file that begins with these bytes (16 at least, unless the file is shorter) is of this kind. */
    bool (*sniff)(const uint8_t *head, size_t nbytes);

    /*
     * Reads the header. Limits are checked here, before anything large is
     * allocated: CHUNKIMG_LIMIT. After a failure nothing is held; after
     * success close must be called.
     */
    ck_status (*open)(void *st, ck_input *in, const ck_limits *limits, const ck_warnings *warnings, ck_image *out,
                      ck_error *err);

    /*
     * Decodes the next into.shape.h rows. Strict: what the library calls a
     * warning about the pixels is CHUNKIMG_BAD_INPUT. The call that delivers
     * the last row also checks what follows it (checksums, end marker).
     */
    ck_status (*rows)(void *st, ck_view into, ck_error *err);

    void (*close)(void *st);

    /* The folder whose files rows and piece open, and nothing else of the system: a descriptor. NULL: they open nothing. */
    int (*folder)(const void *st);

    /*
     * Before the first rows or piece, where the image has a palette: they are
     * to be of indices into it, 8 bit each. Sets image->shape and the palette's
     * count. NULL: no file of this codec has one.
     */
    void (*index)(void *st, ck_image *image);

    /*
     * Independent segments, all NULL where the codec has none. A piece begins
     * at a multiple of image.segment_rows and is image.piece_rows high, or less
     * at the end of the image. Any worker decodes any piece, in any order, in
     * any process that was forked after open: `st` is read only, `mine` (of
     * piece_state_size, zeroed) is the worker's own. The same bytes as `rows`,
     * and as strict.
     */
    size_t piece_state_size;
    ck_status (*piece)(const void *st, void *mine, int32_t y, ck_view into, ck_error *err);
    void (*piece_release)(void *mine);

    /*
     * Where the file holds a checksum over all of its pieces: the share of the
     * piece that `mine` decoded last, how two neighbouring shares are put
     * together (the first of all with 1), and whether the whole is right.
     * NULL: no such checksum.
     */
    void (*piece_check)(const void *mine, uint32_t *check, uint64_t *check_nbytes);
    uint32_t (*piece_combine)(uint32_t before, uint32_t check, uint64_t check_nbytes);
    ck_status (*pieces_end)(const void *st, uint32_t check, ck_error *err);
} ck_decoder;

/* Where a strip stands in the one image that strips are put together to. */
typedef struct ck_part {
    ck_shape whole;
    int32_t y; /* first row of the strip; a multiple of strip_align */
    bool first, last;
} ck_part;

/* Fixed for all tiles of a job. */
typedef struct ck_encode_params {
    bool strips;     /* every begin will have a part */
    int quality;     /* 1..100, lossy formats */
    int compression; /* 0..9, lossless formats */
    ck_meta meta;
    const void *stored; /* ck_image.stored; NULL: rows are of pixels */
    const ck_palette *palette; /* rows are of indices into it; NULL: of colours */
} ck_encode_params;

/* Sizes of a file are in pixels always, also where its rows are of units: only `rows` counts those. */
typedef struct ck_encoder {
    size_t state_size;
    const char *const *options; /* names of the job's options that it honours, NULL-terminated; NULL: none */
    bool indexed;        /* can store indices and their palette: takes ck_encode_params.palette */
    int32_t strip_align; /* rows of every strip but the last are a multiple of this */
    double (*cost)(const ck_encode_params *params); /* nanoseconds of one core for a byte of pixels, about */

    /* The shape that is really stored for `in` (JPEG: 16 bit becomes 8), or CHUNKIMG_USAGE where it cannot be (alpha). */
    ck_status (*accepts)(ck_shape in, ck_shape *stored, ck_error *err);

    /* Bytes that a file (or a strip) of this shape can need at the very most. */
    size_t (*bound)(ck_shape stored, const ck_encode_params *params);

    /* Bytes of private memory that a worker's encoder holds for tiles up to this shape. */
    size_t (*memory)(ck_shape stored, const ck_encode_params *params);

    /* Once per worker. params outlives the state. After a failure nothing is held. */
    ck_status (*init)(void *st, const ck_encode_params *params, ck_shape largest, ck_error *err);

    /*
     * Begins a file of `shape` into out[0..capacity), capacity >= bound. With
     * `part` (which outlives the call until end) the bytes are a strip: the
     * strips' bytes one after another, then `tail`, are the file.
     * A begin after an unfinished file drops that file.
     */
    ck_status (*begin)(void *st, ck_shape shape, const ck_part *part, uint8_t *out, size_t capacity, ck_error *err);

    /* The next rows, as wide as begin's shape and with its channels; in the depth given to begin or the stored one. */
    ck_status (*rows)(void *st, ck_view rows, ck_error *err);

    /* All rows were given. *check and *check_nbytes: the strip's share of the whole file's checksum, for `combine`. */
    ck_status (*end)(void *st, size_t *out_nbytes, uint32_t *check, uint64_t *check_nbytes, ck_error *err);

    void (*release)(void *st);

    /* Checksum of two neighbouring strips; the first of all is combined with `check_seed`. NULL: no checksum. */
    uint32_t (*combine)(uint32_t before, uint32_t check, uint64_t check_nbytes);
    uint32_t check_seed;

    /* Writes what follows the last strip, at most 64 bytes; returns its length. NULL: nothing follows. */
    size_t (*tail)(uint32_t check, uint8_t out[64]);
} ck_encoder;

typedef struct ck_codec {
    const char *name; /* "png" */
    const char *summary;
    const char *const *suffixes; /* without dot, the first is used for tiles; NULL-terminated */
    const char *(*library)(void);/* "libpng 1.6.39"; NULL: none */
    const ck_decoder *decoder;   /* NULL: cannot be read */
    const ck_encoder *encoder;   /* NULL: cannot be written */

    /*
     * Reads and writes files of this format by what they store, in units, so
     * that tiles are the image's own data. Not in codecs.def and never found
     * by the functions below: it is no format of its own. NULL: there is none.
     */
    const struct ck_codec *lossless;
} ck_codec;

/* By name, by the suffix of a path (may be NULL), by the first bytes; NULL where none fits. */
const ck_codec *ck_codec_find(const char *name);
const ck_codec *ck_codec_of_path(const char *path);
const ck_codec *ck_codec_sniff(const uint8_t *head, size_t nbytes);
const ck_codec *ck_codec_at(size_t i);

#endif
