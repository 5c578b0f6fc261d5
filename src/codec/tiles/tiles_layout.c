#include "codec/tiles/tiles_layout.h"

#include <stdlib.h>
#include <string.h>

#include "os/manifest.h"

static ck_status damaged(const char *shown, const ck_manifest_tile *t, const char *why, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: its manifest cannot be used: the tile in column %d, row %d %s", shown, t->col,
                   t->row, why);
}

static ck_status allocate(ck_tiles_layout *l, uint64_t columns, uint64_t rows, ck_error *err)
{
    l->columns = (int32_t)columns;
    l->rows = (int32_t)rows;
    l->x = calloc(columns + 1, sizeof *l->x);
    l->y = calloc(rows + 1, sizeof *l->y);
    l->tiles = calloc(columns * rows, sizeof *l->tiles);
    l->nbytes = (columns + rows + 2) * sizeof *l->x + columns * rows * sizeof *l->tiles;
    return l->x && l->y && l->tiles ? CK_OK : ck_fail_memory(err, (size_t)l->nbytes, "reading a manifest");
}

/* Where a column ends is told by any tile of it; that all tell the same is checked when all were read. */
static ck_status take(ck_tiles_layout *l, const ck_manifest_tile *t, const char *shown, ck_error *err)
{
    ck_tiles_entry *e = &l->tiles[(int64_t)t->row * l->columns + t->col];

    if (t->own.x < t->held.x || t->own.y < t->held.y || t->own.x + t->own.w > t->held.x + t->held.w ||
        t->own.y + t->own.h > t->held.y + t->held.h || t->pad_x + t->held.w > t->file_w || t->pad_y + t->held.h > t->file_h)
        return damaged(shown, t, "owns more than its file holds", err);
    *e = (ck_tiles_entry){.file = strdup(t->file), .nbytes = t->nbytes, .crc = t->crc, .file_w = (int32_t)t->file_w,
                          .file_h = (int32_t)t->file_h, .skip_x = (int32_t)(t->pad_x + t->own.x - t->held.x),
                          .skip_y = (int32_t)(t->pad_y + t->own.y - t->held.y)};
    if (!e->file)
        return ck_fail_memory(err, sizeof t->file, "reading a manifest");
    l->nbytes += strlen(t->file) + 16;
    l->x[t->col + 1] = (int32_t)(t->own.x + t->own.w);
    l->y[t->row + 1] = (int32_t)(t->own.y + t->own.h);
    return CK_OK;
}

static ck_status check(const ck_tiles_layout *l, const ck_manifest_tile *t, const char *shown, ck_error *err)
{
    ck_rect own = ck_tiles_own(l, t->col, t->row);

    if (own.x != t->own.x || own.y != t->own.y || own.w != t->own.w || own.h != t->own.h)
        return damaged(shown, t, "does not meet its neighbours", err);
    return CK_OK;
}

static ck_status read_tiles(ck_tiles_layout *l, const ck_manifest *m, const char *shown, ck_error *err)
{
    ck_manifest_tile t;
    ck_status status = allocate(l, m->columns, m->rows, err);

    for (size_t i = 0; i < m->tiles && !status; i++) {
        ck_manifest_tile_at(m, i, &t);
        status = take(l, &t, shown, err);
    }
    for (size_t i = 0; i < m->tiles && !status; i++) {
        ck_manifest_tile_at(m, i, &t);
        status = check(l, &t, shown, err);
    }
    return status;
}

ck_status ck_tiles_layout_read(ck_tiles_layout *l, int dir, const char *file, const char *shown, ck_error *err)
{
    ck_manifest m;
    ck_status status = ck_manifest_read(dir, file, shown, &m, err);

    *l = (ck_tiles_layout){0};
    if (status)
        return status;
    if (m.failed)
        status = ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: cannot be put together: %llu of %llu tiles were left out when it was written",
                         shown, (unsigned long long)m.failed, (unsigned long long)m.promised);
    if (!status)
        status = read_tiles(l, &m, shown, err);
    ck_manifest_close(&m);
    if (status)
        ck_tiles_layout_release(l);
    return status;
}

void ck_tiles_layout_release(ck_tiles_layout *l)
{
    for (int64_t i = 0; l->tiles && i < (int64_t)l->columns * l->rows; i++)
        free(l->tiles[i].file);
    free(l->tiles);
    free(l->x);
    free(l->y);
    *l = (ck_tiles_layout){0};
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

void ck_tiles_largest(const ck_tiles_layout *l, int32_t *file_w, int32_t *file_h, int32_t *row_h)
{
    *file_w = *file_h = *row_h = 1;
    for (int64_t i = 0; i < (int64_t)l->columns * l->rows; i++) {
        *file_w = larger(*file_w, l->tiles[i].file_w);
        *file_h = larger(*file_h, l->tiles[i].file_h);
    }
    for (int32_t r = 0; r < l->rows; r++)
        *row_h = larger(*row_h, l->y[r + 1] - l->y[r]);
}

int32_t ck_tiles_even_rows(const ck_tiles_layout *l)
{
    int32_t h = l->y[1];

    for (int32_t r = 1; r < l->rows; r++) {
        int32_t mine = l->y[r + 1] - l->y[r];

        if (mine > h || (mine < h && r + 1 < l->rows))
            return 0;
    }
    return h;
}
