#include "base/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { URL_MOST = 4096 };

static size_t scheme_length(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    bool letter = (text[0] | 32) >= 'a' && (text[0] | 32) <= 'z';

    return letter && !strncmp(text + n, "://", 3) ? n : 0;
}

bool ck_url_is(const char *text)
{
    return scheme_length(text) > 0;
}

bool ck_url_is_http(const char *text)
{
    size_t n = scheme_length(text);

    return ((n == 4 && !strncasecmp(text, "http", n)) || (n == 5 && !strncasecmp(text, "https", n))) && text[n + 3];
}

/* Host and port: after the user's name, up to path, query or fragment. */
static const char *authority(const char *url, size_t *n)
{
    const char *at = url + scheme_length(url) + 3;
    size_t all = strcspn(at, "/?#");

    for (size_t i = all; i-- > 0;)
        if (at[i] == '@') {
            *n = all - i - 1;
            return at + i + 1;
        }
    *n = all;
    return at;
}

char *ck_url_shown(char *to, size_t size, const char *url)
{
    char bare[URL_MOST];
    size_t n, scheme = scheme_length(url) + 3;

    snprintf(bare, sizeof bare, "%.*s%s", (int)scheme, url, authority(url, &n));
    return ck_text_escape(to, size, bare);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Decoded bytes of `from` with what no name may hold replaced. */
static size_t clean(char *to, size_t size, const char *from, size_t n)
{
    size_t at = 0;

    for (size_t i = 0; i < n && at + 1 < size; i++) {
        int c = (unsigned char)from[i];

        if (c == '%' && i + 2 < n && hex(from[i + 1]) >= 0 && hex(from[i + 2]) >= 0) {
            c = hex(from[i + 1]) * 16 + hex(from[i + 2]);
            i += 2;
        }
        if (c < 0x20 || c == 0x7F || c == '/' || c == '\\' || (c == '.' && !at))
            c = '_';
        to[at++] = (char)c;
    }
    to[at] = 0;
    return at;
}

/* Bytes that ck_text_escape would have to show as \xNN are no UTF-8 or control characters: not in a name we choose. */
static void replace_escapes(char *name)
{
    char shown[4 * 256];

    if (strlen(name) >= 256 || !strcmp(ck_text_escape(shown, sizeof shown, name), name))
        return;
    for (char *s = name; *s; s++)
        if ((unsigned char)*s >= 0x80)
            *s = '_';
}

char *ck_url_file_name(char *to, size_t size, const char *url)
{
    size_t n, all;
    const char *host = authority(url, &n), *path = host + n, *last = path;

    all = strcspn(path, "?#");
    for (size_t i = 0; i < all; i++)
        if (path[i] == '/')
            last = path + i + 1;
    if (size > 200)
        size = 200; /* a name of tiles is made of it, and must fit the file system */
    if (!clean(to, size, last, (size_t)(path + all - last)) && !clean(to, size, host, n))
        snprintf(to, size, "download");
    replace_escapes(to);
    return to;
}
