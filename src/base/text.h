/* Small helpers for text. Names of files are bytes: they are escaped before they are shown. */
#ifndef CK_BASE_TEXT_H
#define CK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * `name` with control bytes, quotes and bytes that are not UTF-8 as \xNN, cut
 * to `size` with an ellipsis at the front, so that the end of a path stays
 * readable. Returns `to`.
 */
char *ck_text_escape(char *to, size_t size, const char *name);

/* Undoes ck_text_escape, in place, where it did not cut. Returns `text`. */
char *ck_text_unescape(char *text);

/* Insertions, deletions, exchanges and neighbours swapped that turn a into b. Longer than 63 bytes: a large number. */
unsigned ck_text_distance(const char *a, const char *b);

/* A whole decimal number; nothing before or after it. */
bool ck_text_int(const char *text, int64_t *out);

/* The whole text as a finite decimal number, whatever the locale. */
bool ck_text_real(const char *text, double *out);

/* A number of bytes with K M G (1000) or KiB MiB GiB (1024); a fraction is allowed with a unit. */
bool ck_text_size(const char *text, uint64_t *out);

#endif
