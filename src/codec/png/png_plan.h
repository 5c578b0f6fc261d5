/*
 * How a file's rows are filtered: by the filter that suits each row best, or
 * all by one. The second leaves more for a compressor that looks for matches,
 * on many images; which it is shows only when a sample is compressed.
 */
#ifndef CK_CODEC_PNG_PLAN_H
#define CK_CODEC_PNG_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/png/png_engine.h"
#include "codec/png/png_filter.h"

/* A ck_png_filter for all rows, or: */
enum { CK_PNG_PER_ROW = CK_PNG_FILTERS };

/* Rows without gaps, each behind a byte that is to become its filter's number. */
typedef struct ck_png_raw {
    uint8_t *at;
    size_t row_nbytes; /* without that byte */
    size_t pixel_nbytes;
    size_t rows;
} ck_png_raw;

/* One row; prior: NULL before the first, which is filtered by NONE or SUB. */
void ck_png_plan_row(int plan, uint8_t *out, const uint8_t *row, const uint8_t *prior, size_t row_nbytes,
                     size_t pixel_nbytes);

/* All rows, where they lie. spare: row_nbytes. */
void ck_png_plan_rows(int plan, ck_png_raw raw, uint8_t *spare);

/* Bytes that a sample can take, of rows up to this long and up to nbytes of them. */
size_t ck_png_sample_nbytes(size_t row_nbytes, size_t nbytes);

/* Who compresses samples, and what came out. */
typedef struct ck_png_trial {
    const ck_png_engine *judge;
    const ck_png_engine *main;
    const ck_png_engine *other; /* NULL, or who may be better than the main one where each row has its filter */
    void *judge_state, *main_state, *other_state;
    size_t margin;      /* one filter for all rows must save this part: a sample has less to match than the whole */
    uint8_t *sample;    /* ck_png_sample_nbytes */
    ck_png_space space; /* that may be written; no less than the engines' bound of the sample */

    int plan;
    bool use_other;
} ck_png_trial;

/* Depends on the pixels alone. */
void ck_png_trial_run(ck_png_trial *t, ck_png_raw raw);

#endif
