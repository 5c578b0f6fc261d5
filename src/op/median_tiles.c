/*
 * Medians by networks over tiles.
 *
 * A lane is one channel of one tile: the input is first split into planes,
 * one for each place of a pixel within a tile, in which the pixels of all
 * tiles lie beside each other, row of tiles after row of tiles. A network's
 * input is such a plane from some place on, so a run of it can take any
 * stretch of tiles, over the end of a row as well. Its results are put
 * together again pixel by pixel.
 */
#include "op/median_tiles.h"

#include <string.h>

#include "base/checked.h"
#include "op/median_tiles_net.h"

/* The larger tile has the shorter network for a window, but is worth its memory only from some radius on. */
enum { TILE_W_MOST = 8, TILE_H = 4, WIDE_TILE_RADIUS = 7 };

enum { NET_NBYTES = 1 << 20 /* what making a network takes, about: for a message */ };

ck_status ck_median_tiles_make(int32_t radius, ck_shape shape, ck_median_tiles *m, ck_error *err)
{
    ck_wire outs[TILE_W_MOST * TILE_H];
    ck_net *net = ck_net_create();
    bool made = false;

    *m = (ck_median_tiles){.radius = radius, .w = radius < WIDE_TILE_RADIUS ? TILE_W_MOST / 2 : TILE_W_MOST, .h = TILE_H};
    if (net && ck_median_tiles_net(net, radius, m->w, m->h, outs))
        made = ck_net_compile(net, outs, (size_t)(m->w * m->h), (uint32_t)ck_pixel_nbytes(shape), &m->code);
    ck_net_free(&net);
    return made ? CK_OK : ck_fail_memory(err, NET_NBYTES, "making a network of comparators");
}

void ck_median_tiles_release(ck_median_tiles *m)
{
    ck_net_code_release(&m->code);
}

/* ---- where everything lies ------------------------------------------------------ */

typedef struct layout {
    int32_t size, w, h;         /* of a window, of a tile */
    int32_t across, down;       /* tiles that have outputs */
    size_t row_places;          /* from a row of tiles to the next, those of the halo included */
    size_t row_nbytes, plane_nbytes;
    size_t inputs_at, slots_at, nbytes; /* in scratch, after the planes */
} layout;

static bool lay_out(const ck_median_tiles *m, ck_shape out, layout *l)
{
    size_t inputs, rows;

    l->size = 2 * m->radius + 1;
    l->w = m->w;
    l->h = m->h;
    l->across = (out.w + m->w - 1) / m->w;
    l->down = (out.h + m->h - 1) / m->h;
    inputs = (size_t)(l->size + m->h - 1) * (size_t)m->w;
    rows = (size_t)l->down + (size_t)(l->size + m->h - 2) / (size_t)m->h;
    l->row_places = (size_t)l->across + (size_t)(l->size + m->w - 1) / (size_t)m->w;
    if (!ck_mul(l->row_places, ck_pixel_nbytes(out), &l->row_nbytes) ||
        !ck_mul(l->row_nbytes, rows, &l->plane_nbytes) ||
        !ck_add(l->plane_nbytes, CK_NET_NBYTES, &l->plane_nbytes) ||
        !ck_mul(l->plane_nbytes, (size_t)(m->w * m->h), &l->inputs_at))
        return false;
    l->inputs_at = ck_round_up(l->inputs_at, 64);
    l->slots_at = ck_round_up(l->inputs_at + inputs * sizeof(uint8_t *), 64);
    return ck_add(l->slots_at, ck_net_slots_nbytes(&m->code), &l->nbytes);
}

size_t ck_median_tiles_scratch(const ck_median_tiles *m, ck_shape out)
{
    layout l;

    return lay_out(m, out, &l) ? l.nbytes : SIZE_MAX;
}

bool ck_median_tiles_suit(const ck_median_tiles *m, ck_shape out)
{
    layout l;

    if (!m->code.words || !lay_out(m, out, &l))
        return false;
    /* How many times the speed of counts a full network has, about. */
    double worth = out.depth == 8 ? 120.0 / (m->radius * m->radius) + 0.6 : 48.0 / m->radius;
    double lanes = (double)CK_NET_NBYTES / (double)ck_pixel_nbytes(out) - m->code.reach; /* places of a run */
    double runs = (double)l.row_places * l.down / lanes;
    if (lanes < 1)
        return false; /* so many channels that no result is whole */
    runs = runs < 1 ? 1 : runs;
    return (double)out.w * out.h * worth >= runs * lanes * m->w * m->h;
}

/* ---- splitting and putting together ------------------------------------------------ */

static inline void copy_each(uint8_t *to, size_t to_step, const uint8_t *from, size_t from_step, size_t n, size_t nbytes)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * to_step, from + i * from_step, nbytes);
}

/* n pixels of nbytes; steps in bytes. Known sizes become single moves. */
static void copy_pixels(uint8_t *to, size_t to_step, const uint8_t *from, size_t from_step, size_t n, size_t nbytes)
{
    switch (nbytes) {
    case 1: copy_each(to, to_step, from, from_step, n, 1); break;
    case 2: copy_each(to, to_step, from, from_step, n, 2); break;
    case 3: copy_each(to, to_step, from, from_step, n, 3); break;
    case 4: copy_each(to, to_step, from, from_step, n, 4); break;
    case 6: copy_each(to, to_step, from, from_step, n, 6); break;
    case 8: copy_each(to, to_step, from, from_step, n, 8); break;
    default: copy_each(to, to_step, from, from_step, n, nbytes);
    }
}

/* Pixel x of a row goes to plane (x + 1) % w. */
static void split(const layout *l, ck_view in, uint8_t *planes)
{
    size_t nbytes = ck_pixel_nbytes(in.shape), w = (size_t)l->w;

    for (int32_t y = 0; y < in.shape.h; y++) {
        uint8_t *row = planes + (size_t)(y % l->h) * w * l->plane_nbytes + (size_t)(y / l->h) * l->row_nbytes;
        const uint8_t *from = ck_row(in, y);
        for (size_t i = 0; i < w; i++) {
            size_t skip = i == 0, first = (i + skip * w) - 1;
            if (first < (size_t)in.shape.w)
                copy_pixels(row + i * l->plane_nbytes + skip * nbytes, nbytes, from + first * nbytes, w * nbytes,
                            ((size_t)in.shape.w - first + w - 1) / w, nbytes);
        }
    }
}

/* Results of n tiles from (x, y) on; they begin `skip` places into the wires. */
static void put_tiles(const ck_median_tiles *m, const uint8_t *slots, size_t skip, int32_t x, int32_t y, int32_t n,
                      ck_view out)
{
    size_t nbytes = ck_pixel_nbytes(out.shape);

    for (int32_t j = 0; j < m->h && y * m->h + j < out.shape.h; j++)
        for (int32_t i = 0; i < m->w; i++) {
            const uint32_t wire = (uint32_t)(j * m->w + i);
            int32_t first = x * m->w + i, most = (out.shape.w - first + m->w - 1) / m->w;
            if (first < out.shape.w)
                copy_pixels(ck_row(out, y * m->h + j) + (size_t)first * nbytes, (size_t)m->w * nbytes,
                            slots + m->code.outs[wire] + (skip + (size_t)m->code.outs_at[wire]) * nbytes, nbytes,
                            (size_t)(n < most ? n : most), nbytes);
        }
}

void ck_median_tiles_run(const ck_median_tiles *m, void *scratch, ck_view in, ck_view out)
{
    uint8_t *planes = scratch, *slots;
    const uint8_t **inputs;
    layout l;

    if (!lay_out(m, out.shape, &l))
        return; /* there was no such scratch */
    inputs = (const uint8_t **)(planes + l.inputs_at);
    slots = planes + l.slots_at;
    for (int32_t y = 0; y < l.size + l.h - 1; y++)
        for (int32_t x = 0; x < l.w; x++)
            inputs[y * l.w + x] = planes + (size_t)(y % l.h * l.w + x) * l.plane_nbytes + (size_t)(y / l.h) * l.row_nbytes;
    split(&l, in, planes);

    size_t nbytes = ck_pixel_nbytes(in.shape), places = CK_NET_NBYTES / nbytes - (size_t)m->code.reach;
    size_t end = (size_t)(l.down - 1) * l.row_places + (size_t)l.across;
    for (size_t from = 0, to; from < end; from = to) {
        to = from + places < end ? from + places : end;
        (out.shape.depth == 8 ? ck_net_run8 : ck_net_run16)(&m->code, slots, inputs, from * nbytes);
        for (size_t p = from, next; p < to; p = next) {
            size_t y = p / l.row_places, x = p % l.row_places, row_end = y * l.row_places + (size_t)l.across;
            next = to < row_end ? to : row_end;
            if (next > p)
                put_tiles(m, slots, p - from, (int32_t)x, (int32_t)y, (int32_t)(next - p), out);
            if (next <= p || next == row_end)
                next = (y + 1) * l.row_places; /* over the halo */
            if (next > to)
                to = next; /* nothing to run for there either */
        }
    }
}
