/*
 * The work of libvips' own benchmark (github.com/libvips/vips-bench), as one libvips pipeline: 100 pixels off each edge,
 * shrunk by 10 % with a bilinear filter, sharpened with a 3 x 3 kernel, saved. What scripts/bench-peers --vips-bench sets
 * beside chunkimg; compiled by that script, where libvips' headers are installed, and by nothing else.
 *
 *     cc -O2 vips_bench.c $(pkg-config --cflags --libs vips) -o vips_bench
 *     ./vips_bench photo.png out.png
 */
#include <stdio.h>
#include <vips/vips.h>

/* Each step holds the one before; what a step made is let go with the last. */
static int run(const char *from, const char *to)
{
    VipsImage *in = vips_image_new_from_file(from, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    VipsImage *mask = vips_image_new_matrixv(3, 3, -1.0, -1.0, -1.0, -1.0, 16.0, -1.0, -1.0, -1.0, -1.0);
    VipsImage *cropped = NULL, *smaller = NULL, *sharper = NULL;
    int failed = !in || !mask || vips_extract_area(in, &cropped, 100, 100, in->Xsize - 200, in->Ysize - 200, NULL) ||
                 vips_reduce(cropped, &smaller, 1.0 / 0.9, 1.0 / 0.9, "kernel", VIPS_KERNEL_LINEAR, NULL);

    if (!failed) {
        vips_image_set_double(mask, "scale", 8);
        failed = vips_conv(smaller, &sharper, mask, "precision", VIPS_PRECISION_INTEGER, NULL) ||
                 vips_image_write_to_file(sharper, to, NULL);
    }
    g_clear_object(&sharper);
    g_clear_object(&smaller);
    g_clear_object(&cropped);
    g_clear_object(&mask);
    g_clear_object(&in);
    return failed;
}

int main(int argc, char **argv)
{
    int failed;

    if (argc != 3) {
        fprintf(stderr, "usage: vips_bench FROM TO\n");
        return 2;
    }
    if (VIPS_INIT(argv[0]))
        vips_error_exit(NULL);
    failed = run(argv[1], argv[2]);
    if (failed)
        fprintf(stderr, "%s", vips_error_buffer());
    vips_shutdown();
    return failed ? 1 : 0;
}
