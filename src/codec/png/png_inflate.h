/*
 * Unpacks a zlib stream (RFC 1950) piece by piece, checking its header and its
 * Adler-32: by ISA-L where it is built in, else by zlib. Output that was
 * returned may be changed before the next call.
 */
#ifndef CK_CODEC_PNG_INFLATE_H
#define CK_CODEC_PNG_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ck_png_inflate ck_png_inflate;

/* Bytes that one holds. */
size_t ck_png_inflate_memory(void);

ck_png_inflate *ck_png_inflate_new(void); /* NULL: out of memory */
void ck_png_inflate_free(ck_png_inflate **z);

/* What is left of the two; `put` moves both on. */
typedef struct ck_png_flowing {
    const uint8_t *in;
    size_t in_nbytes;
    uint8_t *out;
    size_t out_nbytes;
} ck_png_flowing;

/* Until one of the two is used up or the stream ends. False where the stream is damaged. */
bool ck_png_inflate_put(ck_png_inflate *z, ck_png_flowing *f);

/* The stream is at its end; *unused: bytes behind it that were taken all the same. */
bool ck_png_inflate_ended(const ck_png_inflate *z, size_t *unused);

/*
 * Begins anew in the middle of a stream, where a block begins: no header, no
 * Adler-32, and what looks back to before this place is damage.
 */
void ck_png_inflate_restart_raw(ck_png_inflate *z);

/* The stream stands before a block that begins with a byte, and nothing was taken beyond that place. */
bool ck_png_inflate_between(const ck_png_inflate *z);

/* The bits of window that a stream's header asks for, 8..15; 0 where it is no header of a zlib stream. */
unsigned ck_png_inflate_window(const uint8_t header[2]);

#endif
