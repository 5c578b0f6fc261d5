/*
 * A file, standard input or a download, read forward. Never mapped: a file
 * that shrinks must be an error, not a SIGBUS. A seekable one is read without moving the
 * system's place in it, so that a forked process has a place of its own.
 */
#ifndef CK_OS_INPUT_H
#define CK_OS_INPUT_H

#include "base/turns.h"
#include "os/ahead.h"
#include "os/body.h"

typedef struct ck_input ck_input;

/*
 * path "-" is standard input. A folder with a manifest.json is that file.
 * Another folder, or an unreadable file, is CHUNKIMG_SYSTEM.
 */
ck_status ck_input_open(const char *path, ck_input **out, ck_error *err);

/* What was downloaded, which must stay until the input is closed; any number of inputs read the same. */
ck_status ck_input_open_body(const ck_body *body, ck_input **out, ck_error *err);

/* A plain file in the folder `dir` (a descriptor) that is shown as `folder`; no symbolic link is followed. */
ck_status ck_input_open_at(int dir, const char *file, const char *folder, ck_input **out, ck_error *err);
void ck_input_close(ck_input **in);

/* The first bytes of the file, not consumed: up to 16, fewer where the file is shorter. */
ck_status ck_input_peek(ck_input *in, const uint8_t **head, size_t *nbytes, ck_error *err);

/*
 * A stretch of the file that has not been consumed, at least 1 byte, or
 * *nbytes = 0 at the end. It stays where it is until the next call;
 * ck_input_consume says how much of it was used.
 */
ck_status ck_input_more(ck_input *in, const uint8_t **data, size_t *nbytes, ck_error *err);
void ck_input_consume(ck_input *in, size_t nbytes);

/* Exactly n bytes into `to`; *got < n at the end of the file. */
ck_status ck_input_read(ck_input *in, void *to, size_t n, size_t *got, ck_error *err);

/*
 * Up to n bytes from `offset` on, counted from where the input began; *got < n
 * at the end of the file. Neither moves nor minds the forward reading, so that
 * any thread may call it, and any process that was forked after the opening.
 * Only where ck_input_seekable: a regular file.
 */
bool ck_input_seekable(const ck_input *in);
ck_status ck_input_at(const ck_input *in, uint64_t offset, void *to, size_t n, size_t *got, ck_error *err);

/* Reading lets go of the lock of these turns meanwhile; NULL: there are none. While nobody reads. */
void ck_input_in_turns(ck_input *in, const ck_turns *turns);

/*
 * A descriptor of the folder that the file lies in, owned by the input, and
 * what the file is called there. CHUNKIMG_USAGE where the input is in no folder.
 */
ck_status ck_input_folder(ck_input *in, int *dir, ck_error *err);
const char *ck_input_file(const ck_input *in);

/*
 * From now on an event loop may read ahead by what is returned, until it is
 * freed by a call with `on` false. NULL: not of this input, or there is no
 * memory for it. While nobody reads.
 */
ck_ahead *ck_input_read_ahead(ck_input *in, bool on);

const char *ck_input_name(const ck_input *in); /* for messages: escaped, "standard input" */
uint64_t ck_input_size(const ck_input *in);    /* bytes; 0: not known */

/*
 * Text that changes whenever the file is written or replaced: its i-node, size
 * and the times of its last writing and last change (which no program can
 * set), as git's index has them; of a download, size and checksums. NULL where
 * the input is neither.
 */
const char *ck_input_stamp(const ck_input *in, char *to, size_t size);

/*
 * CHUNKIMG_BAD_INPUT where a regular file was written to since it was opened:
 * what was read of it may be of two images. That another file has taken its
 * name does not matter, nor that it has another name more or less. A write
 * within the clock tick of the opening (4 ms on most kernels), to a file that
 * was written in that tick already and kept its size, is not seen. Of a pipe
 * or a download: always CK_OK. Any thread or process.
 */
ck_status ck_input_unchanged(const ck_input *in, ck_error *err);

uint64_t ck_input_read_ns(const ck_input *in); /* time spent in read calls so far */

#endif
