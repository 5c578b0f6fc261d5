#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 where there is none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n;

    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        n = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF)
        n = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        n = 4;
    else
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

/* Bytes that the character at s takes when shown; *used: bytes of s it stands for. */
static size_t shown_length(const unsigned char *s, size_t *used)
{
    size_t n = utf8_length(s);

    /* U+0080..U+009F are control characters too. */
    if (n && !(s[0] == 0xC2 && s[1] < 0xA0)) {
        *used = n;
        return n;
    }
    *used = 1;
    return s[0] >= 0x20 && s[0] < 0x7F && s[0] != '\\' ? 1 : 4;
}

char *ck_text_escape(char *to, size_t size, const char *name)
{
    const unsigned char *s = (const unsigned char *)name;
    size_t total = 0, used, at = 0;

    for (const unsigned char *p = s; *p; p += used)
        total += shown_length(p, &used);
    if (total >= size && size > 4) {
        while (total >= size - 3) {
            total -= shown_length(s, &used);
            s += used;
        }
        memcpy(to, "...", 3);
        at = 3;
    }
    while (*s && at < size) {
        size_t n = shown_length(s, &used);

        if (at + n >= size)
            break;
        if (n == 4 && used == 1)
            snprintf(to + at, 5, "\\x%02x", *s);
        else
            memcpy(to + at, s, n);
        at += n;
        s += used;
    }
    to[at < size ? at : size - 1] = 0;
    return to;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *ck_text_unescape(char *text)
{
    char *to = text;

    for (const char *s = text; *s;) {
        if (s[0] == '\\' && s[1] == 'x' && hex_digit(s[2]) >= 0 && hex_digit(s[3]) >= 0) {
            *to++ = (char)(hex_digit(s[2]) * 16 + hex_digit(s[3]));
            s += 4;
        } else {
            *to++ = *s++;
        }
    }
    *to = 0;
    return text;
}

unsigned ck_text_distance(const char *a, const char *b)
{
    enum { MOST = 63 };
    unsigned row[3][MOST + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > MOST || m > MOST)
        return 1000;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *before = row[(i - 1) % 3], *two = row[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = before[j - 1] + (a[i - 1] != b[j - 1]);

            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

bool ck_text_int(const char *text, int64_t *out)
{
    char *end;

    if (!*text || strspn(text, "+-0123456789") != strlen(text))
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return !*end && !errno;
}

/* strtod follows the locale's decimal point; the library must not depend on it, so the number is put together here. */
bool ck_text_real(const char *text, double *out)
{
    const char *s = text;
    double value = 0, scale = 1;
    bool minus = false, digits = false;

    if (*s == '+' || *s == '-')
        minus = *s++ == '-';
    for (; *s >= '0' && *s <= '9'; s++, digits = true)
        value = value * 10 + (*s - '0');
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, digits = true) {
            value = value * 10 + (*s - '0');
            scale *= 10;
        }
    if (!digits || *s || strlen(text) > 40)
        return false;
    *out = (minus ? -value : value) / scale;
    return isfinite(*out);
}

bool ck_text_size(const char *text, uint64_t *out)
{
    static const struct {
        const char *suffix;
        double factor;
    } units[] = {{"", 1},      {"B", 1},           {"K", 1e3},           {"KB", 1e3},   {"M", 1e6},
                 {"MB", 1e6},  {"G", 1e9},         {"GB", 1e9},          {"T", 1e12},   {"TB", 1e12},
                 {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0}};
    size_t digits = strspn(text, "0123456789.");
    char number[32];
    double value;

    if (!digits || digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = 0;
    if (!ck_text_real(number, &value))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcasecmp(text + digits, units[i].suffix)) {
            value *= units[i].factor;
            if (value > 9e18 || (units[i].factor == 1 && strchr(number, '.')))
                return false;
            *out = (uint64_t)value;
            return true;
        }
    return false;
}
