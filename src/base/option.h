/* Option rows, seen from inside: what chunkimg.h does not offer to programs. */
#ifndef CK_BASE_OPTION_H
#define CK_BASE_OPTION_H

#include <chunkimg/chunkimg.h>

/* Whether the struct at `from` holds the row's default. */
bool ck_option_is_default(const chunkimg_option *row, const void *from);

/* Sets that one value to its default. */
void ck_option_reset(const chunkimg_option *row, void *into);

#endif
