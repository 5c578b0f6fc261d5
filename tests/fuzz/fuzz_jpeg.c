/* Any bytes as a JPEG: no crash, and the same pixels however many rows are asked for at once. */
#include "fuzz/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    ck_shape one, all;
    int fd;

    if (!size)
        return 0;
    fd = fuzz_file(data, size, path);
    uint8_t *a = fuzz_decode(ck_codec_find("jpeg"), path, 1 + data[size - 1] % 32, &one);
    uint8_t *b = a ? fuzz_decode(ck_codec_find("jpeg"), path, 1 << 20, &all) : NULL;
    close(fd);
    FUZZ_CHECK(!a == !b);
    if (a)
        FUZZ_CHECK(!memcmp(a, b, ck_row_nbytes(one) * (size_t)one.h));
    free(a);
    free(b);
    return 0;
}
