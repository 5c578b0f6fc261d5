/*
 * Prints a checksum of what every operation makes of generated images: the
 * same lines on every processor and from every way that the code is compiled.
 * Needs nothing but the folders base, core and op, so that it can be built for
 * a processor whose libraries are not at hand.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/chain.h"
#include "op/op.h"
#include "support/op_list.h"

/* Those whose output has another size. */
static const char *const op_sizes[] = {
    "resize=0.9,bilinear", "resize=0.5,box", "resize=0.3", "resize=1.7", "resize=0.02", "rotate=90", "crop=3,4,50,20",
};

enum { WIDTH = 151, HEIGHT = 37 };

/* Noise, with an all-white and an all-black corner. */
static void paint(const ck_rows *rows, ck_shape shape)
{
    uint32_t r = 12345;

    for (int32_t y = 0; y < shape.h; y++) {
        uint8_t *row = ck_rows_at(rows, y);
        for (size_t i = 0; i < (size_t)shape.w * shape.channels; i++) {
            r = r * 1664525u + 1013904223u;
            uint32_t v = y < 8 && i < 90 ? 0xFFFF : y > 30 && i < 90 ? 0 : r >> 16;
            if (shape.depth == 8)
                row[i] = (uint8_t)(v >> 8);
            else
                ((uint16_t *)(void *)row)[i] = (uint16_t)v;
        }
    }
}

/* FNV-1a over samples, so that the order of bytes makes no difference. */
static uint64_t sum_of(const uint8_t *px, ck_shape shape)
{
    uint64_t sum = 14695981039346656037u;

    for (size_t i = 0; i < (size_t)shape.w * (size_t)shape.h * shape.channels; i++)
        sum = (sum ^ (shape.depth == 8 ? px[i] : ((const uint16_t *)(const void *)px)[i])) * 1099511628211u;
    return sum;
}

/* An operation that looks at the whole image first has done so. */
static bool surveyed(ck_chain *chain, const ck_rows *rows)
{
    ck_rect all = {0, 0, rows->whole.w, rows->whole.h};
    void *account;

    if (!ck_chain_surveys(chain))
        return true;
    account = aligned_alloc(64, (ck_chain_account(chain, 0) + 63) / 64 * 64);
    if (!account)
        return false;
    memset(account, 0, ck_chain_account(chain, 0));
    ck_chain_survey(chain, 0, ck_rows_piece(rows, all, 0, all.h), all, account);
    ck_chain_survey_end(chain, 0, account);
    free(account);
    return true;
}

/* Nothing is printed for what does not run like this. */
static bool print_sum(const char *text, const ck_rows *rows, ck_shape in)
{
    chunkimg_list list = {.count = 1, .items = {text}};
    ck_chain *chain;
    ck_error err;

    if (ck_chain_create(&list, in, &chain, &err) != CK_OK)
        return true;
    ck_shape shape = ck_chain_shape(chain);
    if (!surveyed(chain, rows))
        return false;
    ck_rect all = {0, 0, shape.w, shape.h};
    void *scratch = aligned_alloc(64, (ck_chain_scratch(chain, shape.w, shape.h) + 127) / 64 * 64);
    uint8_t *px = malloc(ck_row_nbytes(shape) * (size_t)shape.h);
    if (!scratch || !px)
        return false;
    ck_chain_apply(chain, scratch, rows, all, (ck_view){px, (ptrdiff_t)ck_row_nbytes(shape), shape});
    printf("%016" PRIx64 " %d x %d bit %s\n", sum_of(px, shape), in.channels, in.depth, text);
    free(px);
    free(scratch);
    ck_chain_free(&chain);
    return true;
}

int main(void)
{
    bool good = true;

    for (int kind = 0; kind < 8 && good; kind++) {
        ck_shape shape = {WIDTH, HEIGHT, (uint16_t)(kind % 4 + 1), kind / 4 ? 16 : 8};
        ck_rows rows = {.stride = (ck_row_nbytes(shape) + 63) / 64 * 64, .ring = HEIGHT, .whole = shape};
        const ck_op *op;

        rows.px = aligned_alloc(64, rows.stride * HEIGHT);
        good = rows.px != NULL;
        if (good)
            paint(&rows, shape);
        for (size_t i = 0; good && (op = ck_op_at(i)) != NULL; i++)
            good = print_sum(op->name, &rows, shape);
        for (size_t i = 0; good && i < sizeof op_arguments / sizeof *op_arguments; i++)
            good = print_sum(op_arguments[i], &rows, shape);
        for (size_t i = 0; good && i < sizeof op_sizes / sizeof *op_sizes; i++)
            good = print_sum(op_sizes[i], &rows, shape);
        free(rows.px);
    }
    return good && !fflush(stdout) ? 0 : 1;
}
