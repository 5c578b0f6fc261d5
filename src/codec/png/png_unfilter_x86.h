/* Lane kernels for x86 processors; see png_unfilter_lanes.h. */
#ifndef CK_CODEC_PNG_UNFILTER_X86_H
#define CK_CODEC_PNG_UNFILTER_X86_H

#include "codec/png/png_unfilter.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define CK_PNG_UNFILTER_X86 1

/* Rows that one run takes. */
int32_t ck_png_unfilter_x86_rows(ck_png_unfilter_way way, size_t pixel_nbytes);

/* The first rows of g, at most so many as a run takes. Their filter bytes were checked. */
void ck_png_unfilter_x86(ck_png_unfilter_way way, const ck_png_group *g);
#endif

#endif
