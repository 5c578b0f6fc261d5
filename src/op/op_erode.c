/* erode: least sample of a square window: dark parts grow. */
#include "op/morphology.h"

const ck_op ck_op_erode = {
    .name = "erode",
    .summary = "least sample of a square window: dark parts grow",
    .details = "out = the least of the (2 RADIUS + 1)^2 samples around it, for each channel by itself: gray-scale "
               "morphology with a flat square (Serra, Image Analysis and Mathematical Morphology, 1982). Borders are "
               "as --border says; alpha is premultiplied (Porter and Duff 1984) and filtered like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = ck_morphology_options,
    .params_size = sizeof(ck_square),
    .halo = ck_square_halo,
    .scratch = ck_morphology_scratch,
    .apply = ck_morphology_erode,
};
