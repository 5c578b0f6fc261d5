/*
 * A chain of operations, run on one block at a time while it is in the L2
 * cache: every stage's output goes straight into the middle of the next
 * stage's padded input. At the image's border each stage's own output is
 * continued before the next stage reads it, so the result is the same as
 * running the operations one after another on the whole image.
 *
 * Blocks of one tile, taken downward, go on from one another: the rows that
 * two of them share are kept, not computed again.
 *
 * A chain is made once per job, before workers exist, and read only
 * afterwards, but for the surveys, which are concluded between two passes.
 */
#ifndef CK_OP_CHAIN_H
#define CK_OP_CHAIN_H

#include "core/rows.h"
#include "op/op.h"

typedef struct ck_chain ck_chain;

/*
 * `texts` are "NAME[=ARG[,ARG]]" or "NAME=key:value"; arguments follow the
 * operation's option rows in order. No text, or only "copy": the empty chain.
 * CHUNKIMG_USAGE for an unknown name (with the nearest one), a wrong argument,
 * or an operation that does not suit the shape; CHUNKIMG_LIMIT where the
 * output would be too large.
 */
ck_status ck_chain_make(const chunkimg_list *texts, ck_shape in, chunkimg_border border, ck_chain **out, ck_error *err);

static inline ck_status ck_chain_create(const chunkimg_list *texts, ck_shape in, ck_chain **out, ck_error *err)
{
    return ck_chain_make(texts, in, CHUNKIMG_BORDER_REFLECT, out, err);
}

/* What of it can be said before the image is known: names, arguments. */
ck_status ck_chain_check(const chunkimg_list *texts, ck_error *err);

/* Before workers start: what operations that take long ask whether the job is being given up. Called in any worker. */
void ck_chain_heed(ck_chain *chain, bool (*stopped)(void *self), void *self);

void ck_chain_free(ck_chain **chain);

/*
 * Whether nothing is computed: the output is the source, or a window of it that ck_chain_need tells, and may be read
 * from where it lies.
 */
bool ck_chain_is_copy(const ck_chain *chain);
const char *ck_chain_text(const ck_chain *chain); /* "copy", "blur=2, sobel"; printable */
int32_t ck_chain_halo(const ck_chain *chain);     /* the halos of all stages, added */
ck_shape ck_chain_shape(const ck_chain *chain);   /* of the whole output image */

/* Whether a stage starts processes. */
bool ck_chain_starts_commands(const ck_chain *chain);

/* Nanoseconds that one core takes for a pixel of three samples, about, all stages together. */
double ck_chain_cost(const ck_chain *chain);

/* The first stage whose code is not the library's: a file of the user's, or a command. What the user wrote; NULL: none. */
const char *ck_chain_foreign(const ck_chain *chain);

/* The same, of operations that are not made into a chain yet. */
bool ck_chain_may_be_foreign(const chunkimg_list *texts);

/* The first stage that reaches further than its image is long: its text and reach; NULL: none. */
const char *ck_chain_overreach(const ck_chain *chain, int32_t *reach);

/* The rectangle of the source, clipped to it, that `rect` of the output is computed from. */
ck_rect ck_chain_need(const ck_chain *chain, ck_rect rect);

/* Rows that a block of this width should have to stay in cache with all its stages: 1 .. tile_h. */
int32_t ck_chain_block_rows(const ck_chain *chain, int32_t tile_w, int32_t tile_h);

/* Bytes of scratch that one worker needs for blocks up to w x h. SIZE_MAX where it cannot be counted. */
size_t ck_chain_scratch(const ck_chain *chain, int32_t w, int32_t h);

/* How far a tile has come. All zeros: at its beginning. The caller's; ck_chain_step's to read. */
typedef struct ck_chain_run {
    int32_t w, h;                     /* of the first block, which none after it exceeds */
    size_t pads[CHUNKIMG_LIST_MOST];  /* where each stage's padded input lies in scratch */
    size_t wide_in, wide_out, work;
    ck_rect held[CHUNKIMG_LIST_MOST]; /* what of its input lies there */
} ck_chain_run;

/*
 * Computes the block `rect` (inside the output image) into `out`, which has
 * the rectangle's size and the output's channels and depth. The rows of `src`
 * that ck_chain_need names must be there. `scratch` is 64-byte aligned and
 * stays as it is between the steps of a run. A run is a tile's: its blocks
 * come downward, though not all need to. Any thread, each with its own run
 * and scratch. A failure is an operation's.
 */
ck_status ck_chain_step(const ck_chain *chain, ck_chain_run *run, void *scratch, const ck_rows *src, ck_rect rect,
                        ck_view out, ck_error *err);

/* The one block of a run. */
static inline ck_status ck_chain_apply(const ck_chain *chain, void *scratch, const ck_rows *src, ck_rect rect, ck_view out)
{
    ck_chain_run run = {0};

    return ck_chain_step(chain, &run, scratch, src, rect, out, NULL);
}

/* ---- surveys: i counts the stages that look at the whole image first ------- */

size_t ck_chain_surveys(const ck_chain *chain);

/* What survey i looks at: the stages before its own, as a chain that lives as long as this one. */
const ck_chain *ck_chain_before(const ck_chain *chain, size_t i);

/* Bytes that the ends of all surveys fill, in each process for itself; SIZE_MAX where they cannot be counted. */
size_t ck_chain_fills(const ck_chain *chain);

/* As the slots of chunkimg_survey. An account is 64-byte aligned and starts as zeros. */
size_t ck_chain_account(const ck_chain *chain, size_t i);
void ck_chain_survey(const ck_chain *chain, size_t i, ck_view in, ck_rect at, void *account);
void ck_chain_survey_merge(const ck_chain *chain, size_t i, void *into, const void *from);
void ck_chain_survey_end(ck_chain *chain, size_t i, const void *account);

#endif
