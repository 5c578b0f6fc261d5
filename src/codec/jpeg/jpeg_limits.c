#include "codec/jpeg/jpeg_limits.h"

#include <limits.h>

static void check_pixels(j_decompress_ptr d, uint64_t max_pixels)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);

    if (max_pixels && (uint64_t)d->image_width * d->image_height > max_pixels)
        ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_LIMIT,
                                     "%s: %u x %u pixels are more than --max-pixels allows (%llu)", fault->name,
                                     d->image_width, d->image_height, (unsigned long long)max_pixels));
}

/*
 * Every block costs at least a DC code of one bit, and in sequential files an
 * end-of-block code of one bit: a file shorter than that is truncated or a
 * lie, and need not be decoded to be refused. Arithmetic coding has no such floor.
 */
static void check_length(j_decompress_ptr d, uint64_t nbytes)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);
    uint64_t blocks = 0;

    if (!nbytes || d->arith_code)
        return;
    for (int i = 0; i < d->num_components; i++)
        blocks += (uint64_t)d->comp_info[i].width_in_blocks * d->comp_info[i].height_in_blocks;
    if (nbytes < blocks / (d->progressive_mode ? 8 : 4))
        ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_BAD_INPUT,
                                     "%s: damaged JPEG: %llu bytes cannot hold %u x %u pixels", fault->name,
                                     (unsigned long long)nbytes, d->image_width, d->image_height));
}

void ck_jpeg_check_header(j_decompress_ptr d, const ck_input *in, uint64_t max_pixels)
{
    check_pixels(d, max_pixels);
    check_length(d, ck_input_size(in));
}

void ck_jpeg_check_memory(j_decompress_ptr d, uint64_t needed, uint64_t max_memory)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);

    if (max_memory && needed > max_memory)
        ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_LIMIT,
                                     "%s: decoding needs %llu bytes, --max-memory allows %llu", fault->name,
                                     (unsigned long long)needed, (unsigned long long)max_memory));
    if (max_memory && max_memory < LONG_MAX)
        d->mem->max_memory_to_use = (long)max_memory;
}

static uint64_t round_up(uint64_t value, int to)
{
    return (value + (unsigned)to - 1) / (unsigned)to * (unsigned)to;
}

uint64_t ck_jpeg_coefficients_nbytes(j_decompress_ptr d)
{
    enum { ROW_SLACK = 64 + sizeof(void *) };
    uint64_t sum = 0;

    for (int i = 0; i < d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];

        sum += round_up(c->height_in_blocks, c->v_samp_factor) *
               (round_up(c->width_in_blocks, c->h_samp_factor) * sizeof(JBLOCK) + ROW_SLACK);
    }
    return sum;
}

void ck_jpeg_scans_note(ck_jpeg_scans *scans, j_decompress_ptr d)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);

    for (int i = 0; i < d->comps_in_scan; i++)
        scans->components_seen |= 1u << d->cur_comp_info[i]->component_index;
    if (scans->most > 0 && d->input_scan_number > scans->most)
        ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_LIMIT, "%s: more scans in one JPEG than --max-scans allows (%d)", fault->name,
                                     scans->most));
}

void ck_jpeg_scans_finish(const ck_jpeg_scans *scans, j_decompress_ptr d)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);

    for (int i = 0; i < d->num_components; i++)
        if (!(scans->components_seen >> i & 1) || (d->coef_bits && d->coef_bits[i][0] < 0))
            ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_BAD_INPUT, "%s: damaged JPEG: no data for component %d",
                                         fault->name, i + 1));
}
