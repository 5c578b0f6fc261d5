/*
 * Paints images of any size for demonstrations, tests and measurements.
 *
 * A kind is a function that paints row y from the seed and the size alone, so
 * rows are written as they are made and an image of 100 megapixels needs no
 * memory to speak of. An interlaced PNG simply paints every row once a pass.
 * The same arguments give the same pixels on every machine: the arithmetic is
 * integer, or float without contraction and without libm beyond sqrtf.
 */
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum { WINDOWS_MOST = 256, BLOBS = 96 };

typedef struct rect { int32_t x, y, w, h; } rect;

typedef struct window { rect r; uint8_t face, title; } window;

typedef struct blob { float x, y, radius, soft; uint8_t rgb[3], alpha; } blob;

typedef struct canvas {
    int32_t width, height;
    uint32_t seed;
    float *light;   /* width, one row of noise */
    float *tint[2]; /* width, slow noise for the colours */
    float *lattice; /* width + 2 */
    window windows[WINDOWS_MOST];
    int window_count;
    blob blobs[BLOBS];
} canvas;

typedef struct kind {
    const char *name, *summary;
    int color_type, depth; /* PNG; rows hold one byte a sample, two in machine order at depth 16 */
    void (*prepare)(canvas *c);
    void (*paint)(canvas *c, int32_t y, void *row);
    int palette_count;
    void (*palette)(int index, uint8_t rgb[3]);
} kind;

/* ---- randomness and noise --------------------------------------------- */

static uint32_t hash(uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t h = (a * 0x9E3779B97F4A7C15u) ^ (b * 0xC2B2AE3D27D4EB4Fu) ^ (c * 0x165667B19E3779F9u);
    h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 32)) * 0x94D049BB133111EBu;
    return (uint32_t)(h >> 32);
}

/* splitmix64: one stream a row */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t row_stream(const canvas *c, int32_t y)
{
    return (uint64_t)hash((uint32_t)y, c->seed, 77) << 32 | hash((uint32_t)y, c->seed, 78);
}

static int32_t within(const canvas *c, uint32_t a, uint32_t b, int32_t least, int32_t most)
{
    return most <= least ? least : least + (int32_t)(hash(a, b, c->seed) % (uint32_t)(most - least + 1));
}

static float smooth(float t) { return t * t * (3.0f - 2.0f * t); }

static float clamp01(float v) { return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v; }

static uint8_t to_byte(float v) { return v <= 0.0f ? 0 : v >= 255.0f ? 255 : (uint8_t)(v + 0.5f); }

/* Adds one octave of value noise, cells of `cell` pixels, to the row at y: 0..amount. */
static void add_octave(const canvas *c, int32_t y, int32_t cell, float amount, uint32_t layer, float *row)
{
    int32_t cells = c->width / cell + 2, cy = y / cell;
    float ty = smooth((float)(y % cell) / (float)cell), step = 1.0f / (float)cell;
    for (int32_t i = 0; i < cells; i++) {
        float above = (float)(hash((uint32_t)i, (uint32_t)cy, c->seed + layer) >> 8) * 0x1p-24f;
        float below = (float)(hash((uint32_t)i, (uint32_t)cy + 1, c->seed + layer) >> 8) * 0x1p-24f;
        c->lattice[i] = amount * (above + (below - above) * ty);
    }
    for (int32_t i = 0, x = 0; x < c->width; i++) {
        float a = c->lattice[i], d = c->lattice[i + 1] - a;
        int32_t end = c->width - x < cell ? c->width - x : cell;
        for (int32_t k = 0; k < end; k++)
            row[x + k] += a + d * smooth((float)k * step);
        x += end;
    }
}

/* Octaves from `largest` down to `least` pixels, each `decay` as strong as the one before; sums to 0..1. */
static void noise_row(const canvas *c, int32_t y, int32_t largest, int32_t least, float decay, uint32_t layer, float *row)
{
    float sum = 0.0f, amount = 1.0f;
    for (int32_t cell = largest; cell >= least; cell /= 2, amount *= decay)
        sum += amount;
    memset(row, 0, (size_t)c->width * sizeof *row);
    amount = 1.0f / sum;
    for (int32_t cell = largest; cell >= least; cell /= 2, amount *= decay)
        add_octave(c, y, cell, amount, layer + (uint32_t)cell, row);
}

/* ---- photo ------------------------------------------------------------ */

/* The largest cell: a power of two, about a third of the shorter side. */
static int32_t scene_cell(const canvas *c)
{
    int32_t side = c->width < c->height ? c->width : c->height, cell = 16;
    while (cell * 4 <= side)
        cell *= 2;
    return cell;
}

/* Sky to ground, soft edges where slow noise crosses a level, texture in some places, sensor noise everywhere. */
static void paint_photo(canvas *c, int32_t y, void *out)
{
    uint8_t *p = out;
    uint64_t stream = row_stream(c, y);
    float fall = 1.0f - (float)y / (float)c->height;
    int32_t scene = scene_cell(c);
    noise_row(c, y, 256, 2, 0.7f, 1000, c->light);
    noise_row(c, y, scene, scene / 16 + 1, 0.5f, 2000, c->tint[0]);
    noise_row(c, y, scene, scene / 8 + 1, 0.5f, 3000, c->tint[1]);
    for (int32_t x = 0; x < c->width; x++, p += 3) {
        float object = smooth(clamp01((c->tint[0][x] - 0.49f) * 24.0f));
        float texture = (c->light[x] - 0.5f) * (0.1f + 0.9f * object);
        float light = 60.0f + 90.0f * fall + 90.0f * object * c->tint[1][x] - 20.0f * object + 300.0f * texture;
        float warm = (c->tint[1][x] - 0.5f) * 160.0f, green = (object - 0.5f) * 40.0f;
        uint64_t r = next_random(&stream);
        float noise[3];
        for (int k = 0; k < 3; k++, r >>= 16)
            noise[k] = (float)((int)(r & 255) + (int)(r >> 8 & 255) - 255) * (1.0f / 96.0f);
        p[0] = to_byte(light + warm + noise[0]);
        p[1] = to_byte(light + green + noise[1]);
        p[2] = to_byte(light - warm + noise[2]);
    }
}

/* ---- gray16 ----------------------------------------------------------- */

/* A film scan: slow tones, grain, dust; the low bits are noise as a scanner's are. */
static void paint_gray16(canvas *c, int32_t y, void *out)
{
    uint16_t *p = out;
    uint64_t stream = row_stream(c, y);
    noise_row(c, y, 1024, 4, 0.5f, 5000, c->light);
    for (int32_t x = 0; x < c->width; x++) {
        uint64_t r = next_random(&stream);
        float grain = (float)((int)(r & 1023) + (int)(r >> 10 & 1023) - 1023) * 0.25f;
        float v = 4000.0f + 56000.0f * smooth(clamp01(c->light[x] * 1.6f - 0.3f)) + grain;
        if ((r >> 40) % 65536 == 0)
            v = 64000.0f;
        p[x] = (uint16_t)(v < 0.0f ? 0.0f : v);
    }
}

/* ---- screen ----------------------------------------------------------- */

enum { DESK = 0, DESKS = 16, FACES = 16, FACE_COUNT = 8, TITLES = 24, TITLE_COUNT = 8, INK = 32, INKS = 8, FRAME = 40,
       SCREEN_COLOURS = 48, GLYPH_W = 8, LINE_H = 18, TITLE_H = 26 };

static void screen_colour(int i, uint8_t rgb[3])
{
    static const uint8_t inks[INKS][3] = {{32, 32, 32}, {0, 0, 160}, {0, 112, 0}, {160, 0, 0},
                                          {120, 60, 0}, {90, 0, 120}, {96, 96, 96}, {0, 96, 112}};
    int k = i < FACES ? i : i < TITLES ? i - FACES : i < INK ? i - TITLES : i < FRAME ? i - INK : i - FRAME;
    if (i < FACES)
        memcpy(rgb, (uint8_t[3]){(uint8_t)(16 + 2 * k), (uint8_t)(60 + 4 * k), (uint8_t)(110 + 6 * k)}, 3);
    else if (i < TITLES)
        memcpy(rgb, (uint8_t[3]){(uint8_t)(255 - 4 * k), (uint8_t)(255 - 3 * k), (uint8_t)(255 - 6 * k)}, 3);
    else if (i < INK)
        memcpy(rgb, (uint8_t[3]){(uint8_t)(50 + 15 * k), (uint8_t)(80 + 9 * k), (uint8_t)(150 - 8 * k)}, 3);
    else if (i < FRAME)
        memcpy(rgb, inks[k], 3);
    else
        memset(rgb, 20 + 25 * k, 3);
}

static void prepare_screen(canvas *c)
{
    int32_t most = c->width / 320 * (c->height / 240) + 3;
    c->window_count = most > WINDOWS_MOST ? WINDOWS_MOST : most;
    for (int i = 0; i < c->window_count; i++) {
        window *w = &c->windows[i];
        uint32_t n = (uint32_t)i;
        w->r.w = within(c, n, 1, 200, 1200);
        w->r.h = within(c, n, 2, 120, 800);
        w->r.x = within(c, n, 3, -100, c->width - 100);
        w->r.y = within(c, n, 4, 0, c->height - 60);
        w->face = (uint8_t)(FACES + within(c, n, 5, 0, FACE_COUNT - 1));
        w->title = (uint8_t)(TITLES + within(c, n, 6, 0, TITLE_COUNT - 1));
    }
}

/* Text-like: words of 40 made-up letters, lines of uneven length, now and then in another ink. */
static void paint_text(const canvas *c, const rect *r, int32_t y, uint32_t id, uint8_t *p)
{
    int32_t line = y / LINE_H, in_line = y % LINE_H - 4;
    if (in_line < 0 || in_line >= 10 || hash(id, (uint32_t)line, c->seed) % 9 == 0)
        return;
    uint8_t ink = hash(id, (uint32_t)line, 3) % 4 ? INK : (uint8_t)(INK + hash(id, (uint32_t)line, 4) % INKS);
    int32_t letters = within(c, id * 4099u + (uint32_t)line, 7, 4, (r->w - 20) / GLYPH_W), origin = r->x + 10;
    for (int32_t i = 0; i < letters; i++) {
        uint32_t letter = hash(id * 131071u + (uint32_t)line, (uint32_t)i, c->seed) % 48;
        if (letter >= 40)
            continue;
        uint32_t bits = hash(letter, (uint32_t)in_line / 2, 11);
        int32_t left = origin + i * GLYPH_W;
        for (int32_t k = 0; k < GLYPH_W - 2; k++)
            if (bits >> (k / 2 * 3) & 1 && left + k >= 0 && left + k < c->width)
                p[left + k] = ink;
    }
}

static void paint_screen(canvas *c, int32_t y, void *out)
{
    uint8_t *p = out;
    memset(p, DESK + (int)((int64_t)y * DESKS / c->height), (size_t)c->width);
    for (int i = 0; i < c->window_count; i++) {
        const window *w = &c->windows[i];
        int32_t in_y = y - w->r.y;
        if (in_y < 0 || in_y >= w->r.h)
            continue;
        int32_t left = w->r.x < 0 ? 0 : w->r.x, right = w->r.x + w->r.w < c->width ? w->r.x + w->r.w : c->width;
        if (left >= right)
            continue;
        bool frame = in_y == 0 || in_y == w->r.h - 1;
        memset(p + left, frame ? FRAME : in_y < TITLE_H ? w->title : w->face, (size_t)(right - left));
        p[left] = p[right - 1] = FRAME;
        if (!frame && in_y >= TITLE_H && in_y < w->r.h - LINE_H)
            paint_text(c, &w->r, in_y - TITLE_H, (uint32_t)i, p);
    }
}

/* ---- palette ---------------------------------------------------------- */

enum { MAP_COLOURS = 16 };

static void map_colour(int i, uint8_t rgb[3])
{
    memcpy(rgb, (uint8_t[3]){(uint8_t)(40 + 13 * i), (uint8_t)(90 + 9 * i), (uint8_t)(200 - 10 * i)}, 3);
}

/* A map in 16 colours: slow noise cut into levels. */
static void paint_map(canvas *c, int32_t y, void *out)
{
    uint8_t *p = out;
    noise_row(c, y, 256, 4, 0.5f, 6000, c->light);
    for (int32_t x = 0; x < c->width; x++)
        p[x] = (uint8_t)(clamp01(c->light[x]) * (MAP_COLOURS - 0.01f));
}

/* ---- rgba ------------------------------------------------------------- */

static void prepare_drawing(canvas *c)
{
    int32_t side = c->width < c->height ? c->width : c->height;
    for (int i = 0; i < BLOBS; i++) {
        blob *b = &c->blobs[i];
        uint32_t n = (uint32_t)i;
        b->x = (float)within(c, n, 21, 0, c->width);
        b->y = (float)within(c, n, 22, 0, c->height);
        b->radius = (float)within(c, n, 23, side / 40 + 2, side / 6 + 3);
        b->soft = b->radius * (float)within(c, n, 24, 2, 60) / 100.0f + 1.0f;
        b->alpha = (uint8_t)within(c, n, 25, 90, 255);
        for (uint32_t k = 0; k < 3; k++)
            b->rgb[k] = (uint8_t)within(c, n, 26 + k, 0, 255);
    }
}

/* Lays a blob's colour over one straight-alpha pixel. */
static void lay_over(uint8_t *p, const blob *b, float cover)
{
    float under = (float)p[3] / 255.0f * (1.0f - cover), alpha = cover + under;
    for (int k = 0; k < 3; k++)
        p[k] = to_byte(((float)b->rgb[k] * cover + (float)p[k] * under) / alpha);
    p[3] = to_byte(alpha * 255.0f);
}

/* Soft discs on nothing. */
static void paint_drawing(canvas *c, int32_t y, void *out)
{
    uint8_t *p = out;
    memset(p, 0, (size_t)c->width * 4);
    for (int i = 0; i < BLOBS; i++) {
        const blob *b = &c->blobs[i];
        float dy = (float)y - b->y, room = b->radius * b->radius - dy * dy;
        if (room <= 0.0f)
            continue;
        float reach = __builtin_sqrtf(room);
        int32_t left = b->x - reach < 0.0f ? 0 : (int32_t)(b->x - reach);
        int32_t right = b->x + reach > (float)(c->width - 1) ? c->width - 1 : (int32_t)(b->x + reach);
        for (int32_t x = left; x <= right; x++) {
            float dx = (float)x - b->x, inside = b->radius - __builtin_sqrtf(dx * dx + dy * dy);
            float cover = smooth(clamp01(inside / b->soft)) * (float)b->alpha / 255.0f;
            if (cover >= 1.0f / 512.0f)
                lay_over(p + (size_t)x * 4, b, cover);
        }
    }
}

/* ---- noise ------------------------------------------------------------ */

static void paint_noise(canvas *c, int32_t y, void *out)
{
    uint8_t *p = out;
    uint64_t stream = row_stream(c, y);
    for (int32_t x = 0; x < c->width; x++, p += 3) {
        uint64_t r = next_random(&stream);
        memcpy(p, (uint8_t[3]){(uint8_t)r, (uint8_t)(r >> 8), (uint8_t)(r >> 16)}, 3);
    }
}

static const kind kinds[] = {
    {"photo", "photograph-like: gradients, soft edges, texture, sensor noise; RGB", PNG_COLOR_TYPE_RGB, 8, NULL, paint_photo, 0, NULL},
    {"screen", "a desktop with windows and text; 8-bit palette", PNG_COLOR_TYPE_PALETTE, 8, prepare_screen, paint_screen,
     SCREEN_COLOURS, screen_colour},
    {"gray16", "a film scan; 16-bit gray", PNG_COLOR_TYPE_GRAY, 16, NULL, paint_gray16, 0, NULL},
    {"rgba", "soft discs on a transparent ground; RGB and alpha", PNG_COLOR_TYPE_RGB_ALPHA, 8, prepare_drawing, paint_drawing, 0, NULL},
    {"palette", "a map in 16 colours; 4-bit palette", PNG_COLOR_TYPE_PALETTE, 4, NULL, paint_map, MAP_COLOURS, map_colour},
    {"noise", "random bytes; RGB", PNG_COLOR_TYPE_RGB, 8, NULL, paint_noise, 0, NULL},
};

/* ---- writing ---------------------------------------------------------- */

static void set_palette(png_struct *png, png_info *info, const kind *k)
{
    png_color colours[256];
    for (int i = 0; i < k->palette_count; i++) {
        uint8_t rgb[3];
        k->palette(i, rgb);
        colours[i] = (png_color){rgb[0], rgb[1], rgb[2]};
    }
    png_set_PLTE(png, info, colours, k->palette_count);
}

static bool write_png(canvas *c, const kind *k, bool interlaced, void *row, FILE *file)
{
    png_struct *png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_info *info = png ? png_create_info_struct(png) : NULL;
    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_init_io(png, file);
    png_set_user_limits(png, INT32_MAX, INT32_MAX);
    png_set_IHDR(png, info, (uint32_t)c->width, (uint32_t)c->height, k->depth, k->color_type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (k->palette_count)
        set_palette(png, info, k);
    png_write_info(png, info);
    if (k->depth < 8)
        png_set_packing(png);
    if (k->depth == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(png);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (int32_t y = 0; y < c->height; y++) {
            k->paint(c, y, row);
            png_write_row(png, row);
        }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

/* One row as JPEG wants it: gray stays gray at 8 bit, the rest becomes RGB, alpha lies on white. */
static void flatten(const kind *k, int32_t width, const uint8_t *row, uint8_t *out)
{
    for (int32_t x = 0; x < width; x++) {
        if (k->depth == 16) {
            out[x] = (uint8_t)(((const uint16_t *)(const void *)row)[x] >> 8);
        } else if (k->palette_count) {
            k->palette(row[x], out + (size_t)x * 3);
        } else {
            const uint8_t *p = row + (size_t)x * 4;
            for (int i = 0; i < 3; i++)
                out[(size_t)x * 3 + (size_t)i] = (uint8_t)(255 + (p[i] - 255) * p[3] / 255);
        }
    }
}

typedef struct jpeg_trap { struct jpeg_error_mgr base; jmp_buf back; } jpeg_trap;

static void jpeg_failed(j_common_ptr jpeg)
{
    (*jpeg->err->output_message)(jpeg);
    longjmp(((jpeg_trap *)(void *)jpeg->err)->back, 1);
}

static bool write_jpeg(canvas *c, const kind *k, void *row, uint8_t *flat, FILE *file)
{
    struct jpeg_compress_struct jpeg = {0};
    jpeg_trap trap;
    bool ready = k->color_type == PNG_COLOR_TYPE_RGB;
    jpeg.err = jpeg_std_error(&trap.base);
    trap.base.error_exit = jpeg_failed;
    if (setjmp(trap.back)) {
        jpeg_destroy_compress(&jpeg);
        return false;
    }
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)c->width;
    jpeg.image_height = (JDIMENSION)c->height;
    jpeg.input_components = k->color_type == PNG_COLOR_TYPE_GRAY ? 1 : 3;
    jpeg.in_color_space = k->color_type == PNG_COLOR_TYPE_GRAY ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 90, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    for (int32_t y = 0; y < c->height; y++) {
        k->paint(c, y, row);
        if (!ready)
            flatten(k, c->width, row, flat);
        jpeg_write_scanlines(&jpeg, &(JSAMPROW){ready ? row : flat}, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return true;
}

/* ---- command line ----------------------------------------------------- */

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

static const kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static int usage(FILE *to)
{
    fputs("usage: render WIDTHxHEIGHT FILE.png|FILE.jpg [--kind KIND] [--seed N] [--interlaced]\n\n", to);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        fprintf(to, "  %-8s %s\n", kinds[i].name, kinds[i].summary);
    return to == stdout ? 0 : 2;
}

static bool render(canvas *c, const kind *k, bool interlaced, const char *name)
{
    size_t width = (size_t)c->width;
    void *row = malloc(width * 4);
    uint8_t *flat = malloc(width * 3);
    float *noise = malloc((4 * width + 2) * sizeof *noise);
    FILE *file = row && flat && noise ? fopen(name, "wb") : NULL;
    bool good = false;
    if (file) {
        c->light = noise;
        c->tint[0] = noise + width;
        c->tint[1] = noise + 2 * width;
        c->lattice = noise + 3 * width;
        if (k->prepare)
            k->prepare(c);
        good = ends_in(name, ".png") ? write_png(c, k, interlaced, row, file) : write_jpeg(c, k, row, flat, file);
        good = fclose(file) == 0 && good;
    }
    if (!good)
        perror(name);
    free(noise);
    free(flat);
    free(row);
    return good;
}

int main(int argc, char **argv)
{
    static canvas c;
    const kind *k = &kinds[0];
    const char *file = NULL;
    bool interlaced = false;
    c.seed = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return usage(stdout);
        if (strcmp(argv[i], "--interlaced") == 0)
            interlaced = true;
        else if (strcmp(argv[i], "--kind") == 0 && i + 1 < argc)
            k = find_kind(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            c.seed = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (c.width == 0 && sscanf(argv[i], "%9dx%9d", &c.width, &c.height) == 2)
            continue;
        else if (!file && argv[i][0] != '-')
            file = argv[i];
        else
            return usage(stderr);
    }
    bool jpeg = file && (ends_in(file, ".jpg") || ends_in(file, ".jpeg"));
    if (!k || !file || c.width < 1 || c.height < 1 || (!jpeg && !ends_in(file, ".png")) || (jpeg && interlaced))
        return usage(stderr);
    return render(&c, k, interlaced, file) ? 0 : 1;
}
