/* Addresses as inputs: which texts are one, what of them may be shown, and what a file made of them is called. */
#ifndef CK_BASE_URL_H
#define CK_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the text begins with a scheme and "://" (RFC 3986, 3.1). A file of such a name is given as ./NAME. */
bool ck_url_is(const char *text);

/* Whether the scheme is http or https, and something follows it. */
bool ck_url_is_http(const char *text);

/* The address without user and password, escaped as ck_text_escape does. Returns `to`. */
char *ck_url_shown(char *to, size_t size, const char *url);

/*
 * The last segment of the path as the name of a file: percent signs decoded,
 * no query; what does not belong into a name (slashes, control bytes, bytes
 * that are not UTF-8, a dot in front) is "_". The host, where the path has no
 * segment. Never empty. Returns `to`.
 */
char *ck_url_file_name(char *to, size_t size, const char *url);

#endif
