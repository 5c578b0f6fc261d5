/* What png_deflate.c asks of a compressing library; one const struct a library. */
#ifndef CK_CODEC_PNG_ENGINE_H
#define CK_CODEC_PNG_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What follows the bytes that are handed over: more, the next strip (byte boundary, history forgotten), nothing. */
typedef enum ck_png_flow { CK_PNG_MORE, CK_PNG_FLUSH, CK_PNG_FINISH } ck_png_flow;

/* Where compressed bytes go; the engine moves it on. */
typedef struct ck_png_space {
    uint8_t *at;
    size_t left; /* bytes */
} ck_png_space;

typedef struct ck_png_engine {
    size_t stage_nbytes; /* how much is handed over at a time; SIZE_MAX: everything in one call */

    /* Most bytes that nbytes can become when they are handed over in so many calls. */
    size_t (*bound)(size_t nbytes, size_t calls);
    size_t (*memory)(int level);

    void *(*open)(int level); /* NULL: out of memory */
    void (*close)(void *state);
    void (*begin)(void *state);

    /* Raw deflate of the next nbytes >= 1; false where the space does not suffice. */
    bool (*put)(void *state, const uint8_t *in, size_t nbytes, ck_png_flow flow, ck_png_space *space);
} ck_png_engine;

extern const ck_png_engine ck_png_engine_stored;
extern const ck_png_engine ck_png_engine_zlib;       /* as libpng opens it for rows that are filtered */
extern const ck_png_engine ck_png_engine_zlib_plain; /* and for those that are not: short matches are worth it */
extern const ck_png_engine ck_png_engine_isal;       /* with CK_HAVE_ISAL */
extern const ck_png_engine ck_png_engine_libdeflate; /* with CK_HAVE_LIBDEFLATE; no CK_PNG_MORE */
extern const ck_png_engine ck_png_engine_pack;       /* our own, for rows that are filtered: levels 1 to 6; no CK_PNG_MORE */

#endif
