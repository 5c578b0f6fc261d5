#include "codec/png/png_segments.h"

#include <stdlib.h>
#include <string.h>

#include "codec/png/png_chunk.h"
#include "codec/png/png_range.h"

enum {
    CHUNKS_MOST = 256,          /* before the first IDAT that are looked at */
    SEGMENTS_MOST = 1 << 16,    /* more, and the strips are too thin to be worth it */
    SAMPLE_NBYTES = 64 << 10,   /* unpacked of a segment whose height is known: a window and as much again */
    MEASURE_NBYTES = 4 << 20,   /* the most that is unpacked to find out a height */
    PIECE_MOST_NBYTES = 64 << 20, /* a piece larger than that takes more memory than the time is worth */
    MARK_HEAD_NBYTES = 6,
    IDOT_ENTRY_NBYTES = 12,
};

/* The segments of a file while they are looked for. */
typedef struct search {
    ck_png_pieces *p;
    uint64_t row_nbytes; /* with the filter byte */
    uint64_t idat;       /* offset of the first one */
    uint64_t listed;     /* offset of a chunk that lists segments; 0: none */
    uint32_t listed_nbytes;
    bool apple;          /* it is an iDOT */
    uint64_t *at;
    uint32_t n, room;
    int32_t rows;
} search;

static bool add(search *s, uint64_t at)
{
    if (s->n == SEGMENTS_MOST || (int64_t)s->n >= s->p->h)
        return false;
    if (s->n == s->room) {
        uint32_t room = s->room ? 2 * s->room : 64;
        uint64_t *more = realloc(s->at, room * sizeof *more);

        if (!more)
            return false;
        s->at = more;
        s->room = room;
    }
    s->at[s->n++] = at;
    return true;
}

/* ---- the chunks before the pixels --------------------------------------- */

static bool find_idat(search *s)
{
    uint64_t at = CK_PNG_SIGNATURE_NBYTES;

    for (int i = 0; i < CHUNKS_MOST; i++) {
        uint32_t length;
        char type[4];

        if (!ck_png_head_at(s->p->in, at, &length, type))
            return false;
        if (!memcmp(type, "IDAT", 4)) {
            s->idat = at;
            return true;
        }
        if (!memcmp(type, "iDOT", 4) || !memcmp(type, "mARK", 4)) {
            s->listed = at;
            s->listed_nbytes = length;
            s->apple = type[0] == 'i';
        }
        at += (uint64_t)length + CK_PNG_CHUNK_EXTRA;
    }
    return false;
}

/* ---- segments that a chunk lists ---------------------------------------- */

/* iDOT: the number of segments; of each its first row, its rows, and its IDAT, counted from the iDOT's own head. */
static bool add_apple(search *s, const uint8_t *data)
{
    uint32_t n = ck_png_get32(data);
    int64_t y = 0;

    if (n < 2 || s->listed_nbytes != 4 + (uint64_t)n * IDOT_ENTRY_NBYTES)
        return false;
    s->rows = (int32_t)(ck_png_get32(data + 8) & INT32_MAX);
    data += 4;
    for (uint32_t i = 0; i < n; i++, data += IDOT_ENTRY_NBYTES) {
        uint32_t rows = ck_png_get32(data + 4);

        if (ck_png_get32(data) != y || rows < 1 || (i + 1 < n ? rows != (uint32_t)s->rows : rows > (uint32_t)s->rows)
            || !add(s, s->listed + ck_png_get32(data + 8)))
            return false;
        y += rows;
    }
    return y == s->p->h;
}

/*
 * mARK: method 0, type 0, the number of segments; the distance of each from the
 * one before. Which of the segments is the higher one where the rows cannot be
 * divided evenly, the draft and its discussion do not agree on.
 */
static bool add_marked(search *s, const uint8_t *data)
{
    uint32_t n = ck_png_get32(data + 2);
    uint64_t at = s->idat;

    if (data[0] != 0 || data[1] != 0 || n < 2 || s->listed_nbytes != MARK_HEAD_NBYTES + 4 * ((uint64_t)n - 1)
        || (uint32_t)s->p->h % n)
        return false;
    s->rows = s->p->h / (int32_t)n;
    data += MARK_HEAD_NBYTES;
    for (uint32_t i = 0; i < n; i++, data += 4) {
        if (!add(s, at))
            return false;
        at += i + 1 < n ? ck_png_get32(data) : 0;
    }
    return true;
}

static bool in_order(const search *s)
{
    for (uint32_t i = 1; i < s->n; i++)
        if (s->at[i] <= s->at[i - 1])
            return false;
    return s->n >= 2 && s->at[0] == s->idat;
}

static bool find_listed(search *s)
{
    uint8_t *data;
    ck_error unsaid;
    size_t got;
    bool good = false;

    if (s->listed_nbytes < 10 || s->listed_nbytes > 4 + SEGMENTS_MOST * IDOT_ENTRY_NBYTES)
        return false;
    data = malloc(s->listed_nbytes);
    if (data && !ck_input_at(s->p->in, s->listed + 8, data, s->listed_nbytes, &got, &unsaid)
        && got == s->listed_nbytes)
        good = (s->apple ? add_apple(s, data) : add_marked(s, data)) && in_order(s);
    free(data);
    return good;
}

/* ---- segments that are seen by their flushes ----------------------------- */

/* The last bytes of a chunk's data, its CRC and the head of the next one. */
typedef struct seam {
    uint8_t data[4], crc[4], length[4], type[4];
} seam;

static bool seam_at(const search *s, uint64_t chunk, uint32_t length, seam *to)
{
    size_t got;
    ck_error unsaid;

    return length >= 4 && length <= s->p->longest
           && !ck_input_at(s->p->in, chunk + 8 + length - 4, to, sizeof *to, &got, &unsaid) && got == sizeof *to;
}

static bool is_idat(const seam *m)
{
    return !memcmp(m->type, "IDAT", 4);
}

/* What every flush of a compressor ends with: the length of an empty stored block. */
static bool is_flushed(const seam *m)
{
    return !memcmp(m->data, "\x00\x00\xff\xff", 4);
}

static bool find_flushed(search *s)
{
    uint64_t at = s->idat;
    uint32_t length;
    char type[4];
    seam m;

    if (!ck_png_head_at(s->p->in, at, &length, type))
        return false;
    for (;;) {
        if (!seam_at(s, at, length, &m) || !add(s, at))
            return false;
        at += (uint64_t)length + CK_PNG_CHUNK_EXTRA;
        if (!is_flushed(&m) || !is_idat(&m))
            break;
        length = ck_png_get32(m.length);
    }
    return s->n >= 2 && !is_flushed(&m) && (!is_idat(&m) || ck_png_get32(m.length) == 4);
}

/* ---- a look into the second segment ------------------------------------- */

/*
 * Unpacks nbytes of it at the most. It must begin without looking back, and
 * with a filter that does not either. *got: how much there was.
 */
static bool look_into(const search *s, ck_png_range *r, uint8_t *to, uint64_t nbytes, uint64_t *got)
{
    ck_error unsaid;
    uint64_t end = s->n > 2 ? s->at[2] : CK_PNG_RANGE_OPEN;

    *got = 0;
    if (ck_png_range_begin(r, s->at[1], end, 0, &unsaid))
        return false;
    for (;;) {
        size_t some;

        if (ck_png_range_some(r, to, SAMPLE_NBYTES, &some, &unsaid) || (!*got && (!some || to[0] > 1)))
            return false;
        *got += some;
        if (*got >= nbytes || some < SAMPLE_NBYTES)
            return true;
    }
}

/* From the bytes of the second segment, which is the last one where there are but two. */
static bool measure(search *s, uint64_t nbytes)
{
    int64_t rows = (int64_t)(nbytes / s->row_nbytes), h = s->p->h;

    if (nbytes >= MEASURE_NBYTES) /* there was more than was unpacked; how chunkimg itself divides */
        rows = (h + s->n - 1) / s->n;
    else if (nbytes % s->row_nbytes)
        return false;
    else if (s->n == 2)
        rows = h - rows;
    if (rows < 1 || rows > h || (h + rows - 1) / rows != s->n)
        return false;
    s->rows = (int32_t)rows;
    return true;
}

static bool is_likely(search *s)
{
    ck_png_range r = {.in = s->p->in, .longest = s->p->longest};
    uint8_t *out = malloc(SAMPLE_NBYTES);
    uint64_t got;
    bool good = false;

    r.inflate = ck_png_inflate_new();
    r.buffer = malloc(CK_PNG_RANGE_BUFFER_NBYTES);
    if (out && r.inflate && r.buffer)
        good = look_into(s, &r, out, s->rows ? SAMPLE_NBYTES : MEASURE_NBYTES, &got) && (s->rows || measure(s, got));
    free(r.buffer);
    ck_png_inflate_free(&r.inflate);
    free(out);
    return good;
}

/* ---- pieces of them ------------------------------------------------------ */

static void settle(const search *s)
{
    ck_png_pieces *p = s->p;
    uint64_t segment = s->row_nbytes * (uint64_t)s->rows;
    uint64_t each = p->piece_nbytes / segment;
    uint32_t count;

    if (each < 1)
        each = 1;
    count = (uint32_t)((s->n + each - 1) / each);
    if (count < 2 || segment > PIECE_MOST_NBYTES)
        return;
    p->at = malloc(count * sizeof *p->at);
    if (!p->at)
        return;
    for (uint32_t i = 0; i < count; i++)
        p->at[i] = s->at[i * each];
    p->count = (int32_t)count;
    p->rows = (int32_t)(s->rows * (int64_t)each);
}

static void start_over(search *s)
{
    s->n = 0;
    s->rows = 0;
}

void ck_png_pieces_find(ck_png_pieces *p)
{
    search s = {.p = p, .row_nbytes = (uint64_t)p->w * ck_png_stored_pixel_nbytes(p->expand) + 1};

    p->rows = 0;
    if (!ck_input_seekable(p->in) || !find_idat(&s))
        return;
    if ((s.listed && find_listed(&s) && is_likely(&s)) || (start_over(&s), find_flushed(&s) && is_likely(&s)))
        settle(&s);
    free(s.at);
}

void ck_png_pieces_free(ck_png_pieces *p)
{
    free(p->at);
    p->at = NULL;
}
