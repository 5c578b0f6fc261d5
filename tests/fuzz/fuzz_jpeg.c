/* Any bytes as a JPEG: no crash, and the same pixels, or coefficients, however many rows are asked for at once. */
#include "fuzz/decode.h"

static void decode_twice(const ck_codec *codec, const char *path, int32_t rows_at_once)
{
    ck_shape one, all;
    uint8_t *a = fuzz_decode(codec, path, rows_at_once, &one);
    uint8_t *b = a ? fuzz_decode(codec, path, 1 << 20, &all) : NULL;

    FUZZ_CHECK(!a == !b);
    if (a)
        FUZZ_CHECK(!memcmp(a, b, ck_row_nbytes(one) * (size_t)one.h));
    free(a);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ck_codec *codec = ck_codec_find("jpeg");
    char path[64];
    int fd;

    if (!size)
        return 0;
    fd = fuzz_file(data, size, path);
    decode_twice(codec, path, 1 + data[size - 1] % 32);
    decode_twice(codec->lossless, path, 1 + data[size - 1] % 4);
    close(fd);
    return 0;
}
