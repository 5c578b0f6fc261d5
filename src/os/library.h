/* Shared objects that are loaded while the program runs. */
#ifndef CK_OS_LIBRARY_H
#define CK_OS_LIBRARY_H

#include "base/error.h"

/* Loads the file, every symbol resolved. CHUNKIMG_USAGE with the loader's reason. A name without a slash is in the current folder. */
ck_status ck_library_open(const char *path, void **out, ck_error *err);
void ck_library_close(void **library);

/* Its symbol of that name, or NULL. */
void *ck_library_find(void *library, const char *symbol);

#endif
