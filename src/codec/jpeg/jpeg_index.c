#include "codec/jpeg/jpeg_index.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_NBYTES = 256 * 1024, /* read at once; stays in the L2 cache until it is searched */
    HEADER_MOST = 256 * 1024,  /* real ones have below 2 KiB, with a JFIF thumbnail up to 64 KiB more */
    MARKERS_MOST = 1000,       /* each costs two read calls */

    PIECE_LEAST = 128,  /* rows: large beside a piece's set-up, small beside an image */
    SEGMENT_MOST = 512, /* rows; higher ones would make bands that need more memory than they are worth */
    CONTEXT_SHARE = 8,  /* one row of MCUs in so many may be decoded twice: 16 cost as much, by colder caches */

    /*
     * Bytes of a coded block at the very most: 64 codes of 16 bits with up to
     * 11 bits of value each, every byte stuffed: 432. A file with more between
     * its markers is no image, and need not be searched to its end.
     */
    CODED_BLOCK_MOST = 440
};

/* ---- geometry --------------------------------------------------------- */

static uint64_t divide_up(uint64_t value, uint64_t by)
{
    return (value + by - 1) / by;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* In a file of one component an MCU is one block, and what is called a row of MCUs here can have several of them. */
static uint64_t mcus_across(j_decompress_ptr d)
{
    const jpeg_component_info *c = &d->comp_info[0];

    if (d->num_components == 1)
        return (uint64_t)c->width_in_blocks * (unsigned)c->v_samp_factor;
    return divide_up(d->image_width, (unsigned)d->max_h_samp_factor * DCTSIZE);
}

static uint64_t mcus_in_all(j_decompress_ptr d)
{
    const jpeg_component_info *c = &d->comp_info[0];

    if (d->num_components == 1)
        return (uint64_t)c->width_in_blocks * c->height_in_blocks;
    return mcus_across(d) * divide_up(d->image_height, (unsigned)d->max_v_samp_factor * DCTSIZE);
}

static uint64_t blocks_in_all(j_decompress_ptr d)
{
    uint64_t blocks = 0;

    for (int i = 0; i < d->num_components; i++)
        blocks += (uint64_t)(unsigned)d->comp_info[i].h_samp_factor * (unsigned)d->comp_info[i].v_samp_factor;
    return mcus_in_all(d) * (d->num_components == 1 ? 1 : blocks);
}

/* libjpeg smooths chroma downward only at half the height; for other ratios the neighbour is decoded in vain. */
static bool needs_context(j_decompress_ptr d)
{
    for (int i = 0; i < d->num_components; i++)
        if (d->comp_info[i].v_samp_factor != d->max_v_samp_factor)
            return true;
    return false;
}

/*
 * Where context is needed, pieces begin a row behind a segment's beginning: so
 * both neighbours need the row of MCUs at their border, and no other. With
 * borders between rows of MCUs each would need one of the other's.
 */
static bool choose_piece(ck_jpeg_index *x)
{
    int32_t least = PIECE_LEAST;

    if (x->context && least < CONTEXT_SHARE * x->mcu_rows)
        least = CONTEXT_SHARE * x->mcu_rows;
    x->piece_rows = (least + x->segment_rows - 1) / x->segment_rows * x->segment_rows + x->context;
    return x->segment_rows <= SEGMENT_MOST && x->piece_rows < x->height;
}

static bool plan(ck_jpeg_index *x, j_decompress_ptr d)
{
    uint64_t across, common, rows;

    if (!d->restart_interval || d->progressive_mode || d->arith_code || jpeg_has_multiple_scans(d) ||
        (uint64_t)d->image_width * d->image_height < ck_jpeg_index_least_pixels)
        return false;
    across = mcus_across(d);
    common = common_divisor(across, d->restart_interval);
    x->height = (int32_t)d->image_height;
    x->mcu_rows = d->max_v_samp_factor * DCTSIZE;
    x->context = needs_context(d);
    x->intervals = (uint32_t)(across / common);
    rows = d->restart_interval / common * (uint64_t)x->mcu_rows;
    if (rows >= d->image_height)
        return false;
    x->segment_rows = (int32_t)rows;
    x->segments = (int32_t)divide_up(d->image_height, rows);
    return choose_piece(x);
}

/* ---- header ----------------------------------------------------------- */

/* Tables, frame, scan, restart interval, and the two that say what the components mean: JFIF and Adobe. */
static bool is_needed(uint8_t marker)
{
    return marker == 0xC4 || marker == 0xC0 || marker == 0xC1 || (marker >= 0xDA && marker <= 0xDD && marker != 0xDC) ||
           marker == 0xE0 || marker == 0xEE;
}

static bool append(ck_jpeg_index *x, const ck_input *in, uint64_t at, size_t n)
{
    uint8_t *grown;
    size_t got;

    if (n > HEADER_MOST - x->header_nbytes || !(grown = realloc(x->header, x->header_nbytes + n)))
        return false;
    x->header = grown;
    if (ck_input_at(in, at, x->header + x->header_nbytes, n, &got, NULL) || got < n)
        return false;
    x->header_nbytes += n;
    return true;
}

/* *entropy: what follows SOS. */
static bool copy_header(ck_jpeg_index *x, const ck_input *in, uint64_t *entropy)
{
    uint64_t at = 2;

    if (!append(x, in, 0, 2))
        return false;
    for (int i = 0; i < MARKERS_MOST; i++) {
        uint8_t head[4];
        size_t got, length;

        if (ck_input_at(in, at, head, sizeof head, &got, NULL) || got < sizeof head)
            return false;
        length = (size_t)head[2] << 8 | head[3];
        if (head[0] != 0xFF || head[1] < 0xC0 || head[1] == 0xFF || (head[1] >= 0xD0 && head[1] <= 0xD9) || length < 2)
            return false;
        if (head[1] == 0xC0 || head[1] == 0xC1)
            x->height_at = x->header_nbytes + 5; /* marker, length, precision */
        if (is_needed(head[1]) && !append(x, in, at, 2 + length))
            return false;
        at += 2 + length;
        if (head[1] == 0xDA) {
            *entropy = at;
            return x->height_at != 0;
        }
    }
    return false;
}

/* ---- restart markers -------------------------------------------------- */

typedef struct search {
    ck_jpeg_index *x;
    uint64_t restarts; /* that there must be */
    uint64_t seen;
    bool complete;     /* the end marker was found, and all restarts before it */
} search;

/* A marker whose bytes end before `behind`. False: it ends the search. */
static bool on_marker(search *s, uint8_t marker, uint64_t behind)
{
    ck_jpeg_index *x = s->x;

    if (marker == 0xD9 && s->seen == s->restarts) {
        x->start[x->segments] = behind;
        s->complete = true;
    }
    if (marker != 0xD0 + s->seen % 8 || s->seen == s->restarts)
        return false;
    s->seen++;
    if (s->seen % x->intervals == 0)
        x->start[s->seen / x->intervals] = behind;
    return true;
}

/* Looks at the first n bytes of a block that stands at `at`; how many are done with; 0: the search has ended. */
static size_t search_block(search *s, const uint8_t *block, size_t n, uint64_t at)
{
    const uint8_t *end = block + n - 1, *from = block, *found;

    while (from < end && (found = memchr(from, 0xFF, (size_t)(end - from))) != NULL) {
        from = found + 2;
        if (found[1] != 0 && !on_marker(s, found[1], at + (uint64_t)(from - block)))
            return 0;
    }
    return from > end ? n : n - 1; /* the last byte may be the first of a pair */
}

static bool find_restarts(ck_jpeg_index *x, j_decompress_ptr d, const ck_input *in, uint64_t entropy)
{
    uint64_t mcus = mcus_in_all(d), restarts = divide_up(mcus, d->restart_interval) - 1;
    uint64_t most = entropy + blocks_in_all(d) * CODED_BLOCK_MOST + 4 * restarts;
    search s = {.x = x, .restarts = restarts};
    uint8_t *block = malloc(BLOCK_NBYTES);
    size_t got, done = block != NULL;

    x->start = malloc(((size_t)x->segments + 1) * sizeof *x->start);
    if (x->start)
        x->start[0] = entropy;
    for (uint64_t at = entropy; done && x->start && at < most; at += done) {
        if (ck_input_at(in, at, block, BLOCK_NBYTES, &got, NULL) || got < 2)
            break;
        done = search_block(&s, block, got, at);
    }
    free(block);
    return s.complete;
}

bool ck_jpeg_index_build(ck_jpeg_index *x, j_decompress_ptr d, const ck_input *in)
{
    uint64_t entropy;

    if (ck_input_seekable(in) && plan(x, d) && copy_header(x, in, &entropy) && find_restarts(x, d, in, entropy)) {
        x->nbytes = x->header_nbytes + ((size_t)x->segments + 1) * sizeof *x->start;
        return true;
    }
    ck_jpeg_index_release(x);
    return false;
}

void ck_jpeg_index_release(ck_jpeg_index *x)
{
    free(x->start);
    free(x->header);
    *x = (ck_jpeg_index){0};
}
