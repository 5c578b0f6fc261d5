/* Every operation of the table, in blocks of several sizes: the same samples as on the whole image. */
#include "support/ops.h"

#include "op/op.h"
#include "support/op_list.h"

static void compare_blocks(const char *text, const image *in)
{
    static const int32_t blocks[][2] = {{1, 1}, {7, 5}, {16, 33}, {40, 8}, {5, 256}};
    image whole = run(text, in);

    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        if (b == 0 && samples(in->shape) > 600)
            continue; /* a block of one pixel costs as much as its halo */
        image have = run_blocks(text, in, blocks[b][0], blocks[b][1]);
        for (size_t i = 0; i < samples(whole.shape); i++)
            if (have.px[i] != whole.px[i])
                fail_msg("%s, %dx%d, %d channels, %d bit, blocks of %dx%d, sample %zu: %d instead of %d", text, in->shape.w,
                         in->shape.h, in->shape.channels, in->shape.depth, blocks[b][0], blocks[b][1], i, have.px[i],
                         whole.px[i]);
        free(have.px);
    }
    free(whole.px);
}

static void compare_shapes(const char *text)
{
    static const int32_t sizes[][2] = {{1, 1}, {3, 20}, {71, 52}};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int kind = 0; kind < 8; kind++) {
            image in = image_filled(sizes[s][0], sizes[s][1], kind % 4 + 1, kind / 4 ? 16 : 8, NOISE);
            compare_blocks(text, &in);
            free(in.px);
        }
}

/* That it runs without arguments, and keeps the image's size: what a geometry does has tests of its own. */
static bool fits(const char *text)
{
    chunkimg_list list = {1, {text}};
    ck_chain *chain;
    ck_error err;
    bool same;

    if (ck_chain_create(&list, (ck_shape){71, 52, 3, 8}, &chain, &err) != CK_OK)
        return false;
    same = ck_chain_shape(chain).w == 71 && ck_chain_shape(chain).h == 52;
    ck_chain_free(&chain);
    return same;
}

static void defaults(void **state)
{
    const ck_op *op;

    (void)state;
    for (size_t i = 0; (op = ck_op_at(i)) != NULL; i++)
        if (fits(op->name))
            compare_shapes(op->name);
}

static void arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof op_arguments / sizeof *op_arguments; i++) {
        assert_true(fits(op_arguments[i]));
        compare_shapes(op_arguments[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
