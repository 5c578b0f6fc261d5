/*
 * What a download brought: a file without a name, which goes away with its
 * last user whatever happens. It lies in TMPDIR, /tmp or, where neither can be
 * written, in memory; any process that was forked after it was made can read it.
 */
#ifndef CK_OS_BODY_H
#define CK_OS_BODY_H

#include "base/error.h"

typedef struct chunkimg_body {
    int fd;
    uint64_t nbytes;
    uint32_t crc, adler; /* of all bytes */
    bool in_memory;      /* the file is memory (tmpfs): the plan counts it */
    char name[256];      /* for messages: the address, without password */
} ck_body;

/* An empty body. `name` is copied. */
ck_status ck_body_create(const char *name, ck_body **out, ck_error *err);
void ck_body_free(ck_body **body);

/* Adds to its end. 0, or errno. */
int ck_body_append(ck_body *body, const void *bytes, size_t nbytes);

/* Text that is another where the content is: size and two checksums. */
const char *ck_body_stamp(const ck_body *body, char *to, size_t size);

#endif
