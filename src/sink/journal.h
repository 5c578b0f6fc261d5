/*
 * What a run has finished so far, kept in its staging folder so that a run
 * that was killed can be resumed: lines of text, each with its CRC-32 in
 * front, only ever appended. The first line says what the work is (source,
 * plan, options); each further line is a tile that was stored. A torn last
 * line, or one whose CRC is wrong, ends what is believed.
 *
 *     1f2e3d4c {"plan":...,"source":...}
 *     0a1b2c3d tile 12 48211 9c8b7a6f 01020304      index, bytes, CRC-32, share of the digest
 */
#ifndef CK_SINK_JOURNAL_H
#define CK_SINK_JOURNAL_H

#include "sink/sink.h"

#define CK_JOURNAL_NAME ".chunkimg-journal"

/* One tile of an earlier run. */
typedef struct ck_kept {
    bool is;
    ck_outcome outcome; /* nbytes, crc, digest */
} ck_kept;

typedef struct ck_journal {
    int file; /* -1: none is kept */
    char shown[200]; /* the output, for messages */
    char *text;      /* not yet written */
    char *other;     /* may be on its way to the file, until the ticket that brought it is done */
    ck_outdir *later;/* through whose writer lines go; NULL: they are written at once */
    size_t used;
    uint64_t flushed_ns;
} ck_journal;

/*
 * Begins a journal in the folder `dir` (a descriptor), which is the one of the output `path`; `work` is its first line.
 * After a failure nothing is owed.
 */
ck_status ck_journal_begin(ck_journal *j, int dir, const char *path, const char *work, ck_error *err);

/*
 * Reads the journal in `dir`: true where its work is `work`. kept[0..count) gets what it believes; *end: bytes up to
 * there. kept NULL: only the first line is looked at.
 */
bool ck_journal_read(int dir, const char *work, ck_kept *kept, uint64_t count, uint64_t *end);

/* Goes on with a journal that was read, after its first `end` bytes. */
ck_status ck_journal_continue(ck_journal *j, int dir, const char *path, uint64_t end, ck_error *err);

/* Adds a tile. Lines are written in groups, at the latest 50 ms after the one before. */
ck_status ck_journal_add(ck_journal *j, uint64_t index, const ck_outcome *outcome, ck_error *err);

/* From now on by the folder's writer, as ck_outdir_write_kept; NULL: at once again. */
void ck_journal_through(ck_journal *j, ck_outdir *dir);

/* Writes what is pending and closes. */
ck_status ck_journal_end(ck_journal *j, ck_error *err);

/* Closes; what is pending is lost. */
void ck_journal_drop(ck_journal *j);

#endif
