#include "codec/jpeg/jpeg_meta.h"

#include <stdlib.h>
#include <string.h>

#include <jerror.h>

#include "codec/exif.h"
#include "codec/jpeg/jpeg_source.h"

enum { MARKER_MOST = 65533, EXIF_HEAD = 6, ICC_HEAD = 14, ICC_LEAST = 128 };

static ck_jpeg_meta *meta_of(j_decompress_ptr d)
{
    return d->client_data;
}

/* Bytes that follow the length word. */
static size_t read_length(j_decompress_ptr d)
{
    uint8_t word[2];
    size_t length;

    ck_jpeg_source_read(d, word, sizeof word);
    length = (size_t)word[0] << 8 | word[1];
    if (length < 2)
        ERREXIT(d, JERR_BAD_LENGTH);
    return length - 2;
}

static _Noreturn void no_memory(j_decompress_ptr d, size_t nbytes, const char *what)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);

    ck_jpeg_raise(fault, ck_fail_memory(fault->err, nbytes, what));
}

/* APP1: EXIF or XMP; only the first EXIF block counts. */
static boolean on_app1(j_decompress_ptr d)
{
    ck_jpeg_meta *meta = meta_of(d);
    size_t length = read_length(d);
    uint8_t head[EXIF_HEAD];

    if (meta->complete || meta->exif_seen || length < sizeof head) {
        ck_jpeg_source_skip(d, length);
        return TRUE;
    }
    ck_jpeg_source_read(d, head, sizeof head);
    length -= sizeof head;
    if (memcmp(head, "Exif\0", EXIF_HEAD) != 0) {
        ck_jpeg_source_skip(d, length);
        return TRUE;
    }
    meta->exif_seen = true;
    if (!meta->exif && !(meta->exif = malloc(MARKER_MOST)))
        no_memory(d, MARKER_MOST, "reading EXIF");
    ck_jpeg_source_read(d, meta->exif, length);
    meta->orientation = ck_exif_orientation(meta->exif, length);
    return TRUE;
}

/* Whether part `number` of `count` (both as the file has them, from 1) can be one of the profile; else says why not. */
static bool icc_part_fits(ck_jpeg_meta *meta, unsigned number, unsigned count, size_t nbytes)
{
    if (meta->icc_fault)
        return false;
    if (!meta->icc_count)
        meta->icc_count = count;
    if (!number || number > count || count != meta->icc_count || meta->part[number - 1].seen)
        meta->icc_fault = "its parts do not fit together";
    else if (nbytes > CK_JPEG_ICC_MOST - meta->icc_nbytes)
        meta->icc_fault = "it is larger than 4 MiB";
    return !meta->icc_fault;
}

/* APP2: a part of the ICC profile (ICC.1:2010 B.4), or something else. */
static boolean on_app2(j_decompress_ptr d)
{
    ck_jpeg_meta *meta = meta_of(d);
    size_t length = read_length(d);
    uint8_t head[ICC_HEAD], *grown;
    unsigned number;

    if (meta->complete || meta->icc_fault || length < sizeof head) {
        ck_jpeg_source_skip(d, length);
        return TRUE;
    }
    ck_jpeg_source_read(d, head, sizeof head);
    length -= sizeof head;
    number = head[12];
    if (memcmp(head, "ICC_PROFILE", 12) != 0 || !icc_part_fits(meta, number, head[13], length)) {
        ck_jpeg_source_skip(d, length);
        return TRUE;
    }
    grown = realloc(meta->icc, meta->icc_nbytes + length + 1);
    if (!grown)
        no_memory(d, meta->icc_nbytes + length, "reading an ICC profile");
    meta->icc = grown;
    ck_jpeg_source_read(d, meta->icc + meta->icc_nbytes, length);
    meta->part[number - 1].at = meta->icc_nbytes;
    meta->part[number - 1].nbytes = length;
    meta->part[number - 1].seen = true;
    meta->icc_nbytes += length;
    return TRUE;
}

void ck_jpeg_meta_init(ck_jpeg_meta *meta, j_decompress_ptr d)
{
    memset(meta, 0, sizeof *meta);
    meta->orientation = 1;
    d->client_data = meta;
    jpeg_set_marker_processor(d, JPEG_APP0 + 1, on_app1);
    jpeg_set_marker_processor(d, JPEG_APP0 + 2, on_app2);
}

/* Puts the parts into the order of their numbers. Almost every file has them so. */
static void icc_assemble(ck_jpeg_meta *meta, j_decompress_ptr d)
{
    bool in_order = true;
    size_t at = 0;
    uint8_t *whole;

    for (unsigned i = 0; i < meta->icc_count; i++) {
        if (!meta->part[i].seen) {
            meta->icc_fault = "a part of it is missing";
            return;
        }
        in_order = in_order && meta->part[i].at == at;
        at += meta->part[i].nbytes;
    }
    if (in_order)
        return;
    whole = malloc(meta->icc_nbytes);
    if (!whole)
        no_memory(d, meta->icc_nbytes, "reading an ICC profile");
    at = 0;
    for (unsigned i = 0; i < meta->icc_count; i++) {
        memcpy(whole + at, meta->icc + meta->part[i].at, meta->part[i].nbytes);
        at += meta->part[i].nbytes;
    }
    free(meta->icc);
    meta->icc = whole;
}

bool ck_jpeg_icc_fits(const uint8_t *icc, size_t nbytes, int channels)
{
    size_t stated;

    if (nbytes < ICC_LEAST || memcmp(icc + 36, "acsp", 4) != 0)
        return false;
    stated = (size_t)icc[0] << 24 | (size_t)icc[1] << 16 | (size_t)icc[2] << 8 | icc[3];
    if (stated < ICC_LEAST || stated > nbytes)
        return false;
    return memcmp(icc + 16, channels == 1 ? "GRAY" : channels == 4 ? "CMYK" : "RGB ", 4) == 0;
}

static void icc_finish(ck_jpeg_meta *meta, j_decompress_ptr d)
{
    char text[128];

    if (!meta->icc_count && !meta->icc_fault)
        return;
    if (!meta->icc_fault)
        icc_assemble(meta, d);
    if (!meta->icc_fault && d->num_components == 4 && !meta->stored)
        meta->icc_fault = "the CMYK samples are converted to RGB";
    if (!meta->icc_fault && !ck_jpeg_icc_fits(meta->icc, meta->icc_nbytes, d->num_components))
        meta->icc_fault = "it is damaged or for other colours than the image has";
    if (meta->icc_fault) {
        snprintf(text, sizeof text, "the ICC profile was dropped: %s", meta->icc_fault);
        ck_jpeg_warn(CK_JPEG_FAULT(d), text);
        free(meta->icc);
        meta->icc = NULL;
        meta->icc_nbytes = 0;
    }
}

/* JFIF counts dots an inch (unit 1) or a centimetre (unit 2). */
static uint32_t per_metre(unsigned density, unsigned unit)
{
    if (unit == 1)
        return (uint32_t)((density * 10000u + 127) / 254);
    return unit == 2 ? density * 100u : 0;
}

void ck_jpeg_meta_finish(ck_jpeg_meta *meta, j_decompress_ptr d, ck_meta *out)
{
    meta->complete = true;
    icc_finish(meta, d);
    *out = (ck_meta){
        .icc = meta->icc, .icc_nbytes = (uint32_t)meta->icc_nbytes, .orientation = (uint8_t)meta->orientation};
    if (d->saw_JFIF_marker && d->X_density && d->Y_density) {
        out->x_density = per_metre(d->X_density, d->density_unit);
        out->y_density = per_metre(d->Y_density, d->density_unit);
    }
    free(meta->exif);
    meta->exif = NULL;
}

void ck_jpeg_meta_release(ck_jpeg_meta *meta)
{
    free(meta->icc);
    free(meta->exif);
    meta->icc = meta->exif = NULL;
}
