/* open: erode, then dilate. */
#include "op/morphology.h"

const ck_op ck_op_open = {
    .name = "open",
    .summary = "erode, then dilate: light specks go, the rest keeps its place",
    .details = "erode with RADIUS, then dilate with RADIUS: gray-scale morphology with a flat square (Serra, Image Analysis "
               "and Mathematical Morphology, 1982). Beyond its border the image goes on as --border says; reflected, that "
               "makes it the same as the two operations one after the other. Alpha is premultiplied (Porter and Duff 1984) and "
               "filtered like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = ck_morphology_options,
    .params_size = sizeof(ck_square),
    .halo = ck_morphology_halo_twice,
    .scratch = ck_morphology_scratch_twice,
    .apply = ck_morphology_open,
};
