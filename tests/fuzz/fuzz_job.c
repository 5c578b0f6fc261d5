/* A whole run in memory: the first bytes choose the options, the rest is the image. */
#include <string.h>

#include "fuzz/fuzz.h"

#include <chunkimg/chunkimg.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ops[] = {"copy", "gray", "invert", "blur=1.5", "sharpen", "median=2", "sobel", "threshold"};
    chunkimg_options o;
    chunkimg_error err;
    chunkimg_job *job;
    char path[64];

    if (size < 8)
        return 0;
    int fd = fuzz_file(data + 7, size - 7, path);
    chunkimg_options_init(&o);
    o.input = path;
    o.output = "none";
    o.mode = data[0] & 1 ? "threads" : "serial";
    o.workers = 1 + (data[0] >> 1) % 3;
    o.tile_size.a = 1 + data[1];
    o.overlap = data[2] % (data[1] + 1);
    o.edge = data[3] % 4;
    o.ops.items[o.ops.count++] = ops[data[4] % 8];
    o.ops.items[o.ops.count++] = ops[data[5] % 8];
    o.format = data[6] & 1 ? "png" : NULL;
    o.compression = 1;
    o.max_pixels = 1 << 16;
    o.max_memory = 256 << 20;
    if (chunkimg_open(&o, &job, &err)) {
        FUZZ_CHECK(err.text[0] && !job);
    } else {
        if (chunkimg_run(job, &err))
            FUZZ_CHECK(err.text[0]);
        else
            FUZZ_CHECK(chunkimg_job_result(job)->tiles_done == chunkimg_job_plan(job)->tiles);
        chunkimg_close(&job);
    }
    close(fd);
    return 0;
}
