/*
 * assemble DIR WHOLE: puts the tiles of DIR together by its manifest, with
 * libpng and libjpeg alone, and compares them with the image WHOLE, pixel for
 * pixel. Checks on the way that every file's size and CRC-32 are those of the
 * manifest, that every pixel has one owner, that pixels shared by overlap are
 * the same, that padding is zero, and that the folder holds nothing else.
 * Exit 0: all of it holds.
 *
 * assemble --part DIR WHOLE: the same, but tiles may be listed as failed, and
 * then have no file.
 *
 * assemble --same A B: two image files hold the same pixels.
 */
#include <dirent.h>
#include <jansson.h>
#include <zlib.h>

#include "support/oracle.h"

static int number(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);

    if (!json_is_integer(v))
        oracle_die("manifest.json", key);
    return (int)json_integer_value(v);
}

static void check_bytes(const char *path, json_t *tile)
{
    FILE *f = fopen(path, "rb");
    uint8_t buffer[65536];
    uLong crc = crc32(0, NULL, 0);
    long total = 0;
    size_t n;
    char hex[16];

    if (!f)
        oracle_die(path, "is missing");
    while ((n = fread(buffer, 1, sizeof buffer, f))) {
        crc = crc32(crc, buffer, (uInt)n);
        total += (long)n;
    }
    fclose(f);
    snprintf(hex, sizeof hex, "%08lx", crc);
    if (total != number(tile, "bytes") || strcmp(hex, json_string_value(json_object_get(tile, "crc32"))) != 0)
        oracle_die(path, "size or CRC-32 is not that of the manifest");
}

static const uint8_t *at(const oracle_image *m, int x, int y)
{
    return m->px + (size_t)y * oracle_row_nbytes(m) + (size_t)x * (size_t)(m->channels * m->depth / 8);
}

/* Every pixel of the tile's file against the whole image, or zero where it is padding. */
static void check_pixels(const char *path, json_t *tile, const oracle_image *whole, uint8_t *owners)
{
    oracle_image t = oracle_read(path);
    json_t *own = json_object_get(tile, "own"), *held = json_object_get(tile, "held");
    int hx = number(held, "x"), hy = number(held, "y"), hw = number(held, "w"), hh = number(held, "h");
    int ox = number(own, "x"), oy = number(own, "y"), ow = number(own, "w"), oh = number(own, "h");
    size_t pixel = (size_t)(t.channels * t.depth / 8);
    static const uint8_t zero[8];

    if (t.w != number(tile, "width") || t.h != number(tile, "height"))
        oracle_die(path, "has not the size that the manifest says");
    if (t.channels != whole->channels || t.depth != whole->depth)
        oracle_die(path, "has other channels or another depth than the image");
    /* where held begins in a padded file: what is missing on the left is as wide as overlap would have been */
    int pad_x = json_is_integer(json_object_get(tile, "pad_x")) ? number(tile, "pad_x") : 0;
    int pad_y = json_is_integer(json_object_get(tile, "pad_y")) ? number(tile, "pad_y") : 0;
    for (int y = 0; y < t.h; y++)
        for (int x = 0; x < t.w; x++) {
            int ix = hx + x - pad_x, iy = hy + y - pad_y;
            int inside = ix >= hx && iy >= hy && ix < hx + hw && iy < hy + hh;

            if (memcmp(at(&t, x, y), inside ? at(whole, ix, iy) : zero, pixel) != 0)
                oracle_die(path, inside ? "has other pixels than the image" : "has padding that is not zero");
            if (inside && ix >= ox && iy >= oy && ix < ox + ow && iy < oy + oh)
                owners[(size_t)iy * (size_t)whole->w + (size_t)ix]++;
        }
    free(t.px);
}

/* Files in the folder. */
static size_t files_in(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;

    if (!d)
        oracle_die(path, "cannot be opened");
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static int same(const char *a_path, const char *b_path)
{
    oracle_image a = oracle_read(a_path), b = oracle_read(b_path);
    int equal = a.w == b.w && a.h == b.h && a.channels == b.channels && a.depth == b.depth &&
                !memcmp(a.px, b.px, oracle_row_nbytes(&a) * (size_t)a.h);

    free(a.px);
    free(b.px);
    if (!equal)
        oracle_die(b_path, "has other pixels");
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];
    json_error_t error;

    if (argc == 4 && !strcmp(argv[1], "--same"))
        return same(argv[2], argv[3]);
    int part = argc == 4 && !strcmp(argv[1], "--part");
    argv += part;
    if (argc - part != 3)
        oracle_die("assemble", "[--part] DIR WHOLE, or --same A B");
    snprintf(path, sizeof path, "%s/manifest.json", argv[1]);
    json_t *manifest = json_load_file(path, 0, &error);
    if (!manifest)
        oracle_die(path, error.text);
    oracle_image whole = oracle_read(argv[2]);
    uint8_t *owners = calloc((size_t)whole.w, (size_t)whole.h);
    json_t *tiles = json_object_get(manifest, "tiles"), *plan = json_object_get(manifest, "plan"), *tile;
    size_t i;

    size_t failed = part ? json_array_size(json_object_get(manifest, "failed")) : 0;
    if (json_array_size(tiles) + failed != (size_t)number(plan, "count"))
        oracle_die(path, "does not list every tile");
    if (files_in(argv[1]) != json_array_size(tiles) + 1)
        oracle_die(argv[1], "holds other files than its tiles and the manifest");
    json_array_foreach(tiles, i, tile) {
        snprintf(path, sizeof path, "%s/%s", argv[1], json_string_value(json_object_get(tile, "file")));
        check_bytes(path, tile);
        check_pixels(path, tile, &whole, owners);
    }
    int drop = !strcmp(json_string_value(json_object_get(plan, "edge")), "drop");
    for (size_t k = 0; k < (size_t)whole.w * (size_t)whole.h; k++)
        if (owners[k] != 1 && !((drop || failed) && !owners[k]))
            oracle_die(argv[1], "a pixel has no owner, or several");
    json_decref(manifest);
    free(owners);
    free(whole.px);
    return 0;
}
