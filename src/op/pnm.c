#include "op/pnm.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------ */

static unsigned most_of(ck_shape s)
{
    return s.depth == 8 ? 255 : 65535;
}

static size_t write_header(ck_shape s, char *to)
{
    if (ck_has_alpha(s))
        return (size_t)snprintf(to, CK_PNM_HEADER_MOST, "P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %u\nTUPLTYPE %s\nENDHDR\n", s.w,
                                s.h, s.channels, most_of(s), s.channels == 2 ? "GRAYSCALE_ALPHA" : "RGB_ALPHA");
    return (size_t)snprintf(to, CK_PNM_HEADER_MOST, "P%c\n%d %d\n%u\n", s.channels == 1 ? '5' : '6', s.w, s.h, most_of(s));
}

/* Between the machine's order and the file's, either way. */
static void copy_row(uint8_t *to, const uint8_t *from, ck_shape s)
{
    size_t n = ck_row_nbytes(s);
    uint16_t v;

    if (s.depth == 8) {
        memcpy(to, from, n);
        return;
    }
    for (size_t i = 0; i < n; i += 2) {
        memcpy(&v, from + i, 2);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        v = __builtin_bswap16(v);
#endif
        memcpy(to + i, &v, 2);
    }
}

size_t ck_pnm_write(ck_view in, uint8_t *to)
{
    size_t at = write_header(in.shape, (char *)to), row = ck_row_nbytes(in.shape);

    for (int32_t y = 0; y < in.shape.h; y++, at += row)
        copy_row(to + at, ck_row(in, y), in.shape);
    return at;
}

/* ---- reading ------------------------------------------------------------------ */

typedef struct reader {
    const uint8_t *at, *end;
} reader;

typedef struct header {
    int64_t w, h, channels, most;
} header;

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (blank(*r->at) || *r->at == '#'))
        if (*r->at++ == '#')
            while (r->at < r->end && *r->at != '\n')
                r->at++;
}

/* The next word into to[0..size), false where there is none or it is longer. */
static bool word(reader *r, char *to, size_t size)
{
    size_t n = 0;

    skip_blanks(r);
    while (r->at < r->end && !blank(*r->at) && n + 1 < size)
        to[n++] = (char)*r->at++;
    to[n] = 0;
    return n > 0 && r->at < r->end && blank(*r->at);
}

static bool number(reader *r, int64_t *out)
{
    char text[12];

    *out = 0;
    if (!word(r, text, sizeof text))
        return false;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        *out = 10 * *out + (*p - '0');
    }
    return true;
}

static bool read_pam(reader *r, header *out)
{
    static const char *const names[] = {"WIDTH", "HEIGHT", "DEPTH", "MAXVAL"};
    int64_t *const values[] = {&out->w, &out->h, &out->channels, &out->most};
    char key[32];

    while (word(r, key, sizeof key)) {
        size_t i = 0;

        if (!strcmp(key, "ENDHDR"))
            return true;
        if (!strcmp(key, "TUPLTYPE")) {
            while (r->at < r->end && *r->at != '\n')
                r->at++;
            continue;
        }
        while (i < 4 && strcmp(key, names[i]) != 0)
            i++;
        if (i == 4 || !number(r, values[i]))
            return false;
    }
    return false;
}

static bool read_header(reader *r, header *out)
{
    char magic[4];
    bool whole;

    *out = (header){0};
    if (!word(r, magic, sizeof magic))
        return false;
    if (!strcmp(magic, "P7")) {
        whole = read_pam(r, out);
    } else {
        out->channels = !strcmp(magic, "P5") ? 1 : 3;
        whole = (!strcmp(magic, "P5") || !strcmp(magic, "P6")) && number(r, &out->w) && number(r, &out->h) &&
                number(r, &out->most);
    }
    r->at++; /* the one blank that ends a header */
    return whole && r->at <= r->end;
}

ck_status ck_pnm_read(const uint8_t *from, size_t nbytes, ck_view out, ck_error *err)
{
    ck_shape s = out.shape;
    reader r = {from, from + nbytes};
    size_t row = ck_row_nbytes(s), all = row * (size_t)s.h, found;
    header h;

    if (!nbytes)
        return ck_fail(err, CHUNKIMG_SYSTEM, "wrote nothing");
    if (!read_header(&r, &h))
        return ck_fail(err, CHUNKIMG_SYSTEM, "wrote no PNM: neither P5, P6 nor P7");
    if (h.w != s.w || h.h != s.h || h.channels != s.channels || h.most != most_of(s))
        return ck_fail(err, CHUNKIMG_SYSTEM,
                       "wrote %lld x %lld pixels of %lld channels up to %lld instead of %d x %d of %d up to %u", (long long)h.w,
                       (long long)h.h, (long long)h.channels, (long long)h.most, s.w, s.h, s.channels, most_of(s));
    found = (size_t)(r.end - r.at);
    if (found != all)
        return ck_fail(err, CHUNKIMG_SYSTEM, "wrote %s bytes of pixels than the %zu that belong to its header",
                       found < all ? "fewer" : "more", all);
    for (int32_t y = 0; y < s.h; y++)
        copy_row(ck_row(out, y), r.at + row * (size_t)y, s);
    return CK_OK;
}
