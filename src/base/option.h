/* Option rows, seen from inside: what chunkimg.h does not offer to programs. */
#ifndef CK_BASE_OPTION_H
#define CK_BASE_OPTION_H

#include <chunkimg/chunkimg.h>

/* Whether the struct at `from` holds the row's default. */
bool ck_option_is_default(const chunkimg_option *row, const void *from);

/* Sets that one value to its default. */
void ck_option_reset(const chunkimg_option *row, void *into);

/*
 * Value i that the struct at `from` holds for the row, as a user would type it:
 * a list has many, others have one (i 0), or none where nothing was set. NULL:
 * there are no more. `to` holds what is no text already.
 */
const char *ck_option_text(const chunkimg_option *row, const void *from, size_t i, char to[64]);

#endif
