/* The whole library in one page: cuts an image into 64 tiles. Build: cc minimal.c -lchunkimg */
#include <chunkimg/chunkimg.h>

#include <stdio.h>

static int failed(const chunkimg_error *err)
{
    fprintf(stderr, "minimal: %s\n", err->text);
    return chunkimg_status_exit_code(err->status);
}

int main(int argc, char **argv)
{
    chunkimg_options options = {.struct_size = sizeof options};
    chunkimg_error err;
    chunkimg_job *job;

    if (argc != 3) {
        fprintf(stderr, "usage: minimal INPUT OUTDIR\n");
        return 2;
    }
    chunkimg_options_init(&options);
    options.input = argv[1];
    options.output = argv[2];
    options.tiles = (chunkimg_pair){.a = 64};

    if (chunkimg_open(&options, &job, &err) != CHUNKIMG_OK)
        return failed(&err);
    const chunkimg_plan *plan = chunkimg_job_plan(job);
    printf("%d x %d pixels, %d x %d tiles, mode %s\n", plan->width, plan->height, plan->columns, plan->rows, plan->mode);

    int status = 0;
    if (chunkimg_run(job, &err) == CHUNKIMG_OK) {
        const chunkimg_result *result = chunkimg_job_result(job);
        printf("%llu tiles in %.3f s -> %s\n", (unsigned long long)result->tiles_written, result->wall_s, plan->output);
    } else {
        status = failed(&err);
    }
    chunkimg_close(&job);
    return status;
}
