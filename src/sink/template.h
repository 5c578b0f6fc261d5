/* Names of tile files: a closed set of fields in braces, never a format string. */
#ifndef CK_SINK_TEMPLATE_H
#define CK_SINK_TEMPLATE_H

#include "base/error.h"
#include "core/grid.h"

enum { CK_NAME_MOST = 256 }; /* with the final 0; what file systems allow */

/*
 * Whether `text` is a template that gives every tile of the grid a name of its
 * own inside one folder: CHUNKIMG_USAGE with the reason where it is not.
 */
ck_status ck_template_check(const char *text, const char *stem, const char *suffix, const ck_grid *grid, ck_error *err);

/* The name of a tile; CHUNKIMG_USAGE where it does not fit. */
ck_status ck_template_name(const char *text, const char *stem, const char *suffix, const ck_tile *tile,
                           char to[CK_NAME_MOST], ck_error *err);

#endif
