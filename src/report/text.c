#include <string.h>

#include "report/report.h"

const char *ck_report_size(uint64_t nbytes, char *to, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)nbytes;
    int unit = 0;

    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    snprintf(to, size, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return to;
}

double ck_report_megapixels(const ck_report *r)
{
    return (double)r->plan->width * r->plan->height * 1e-6;
}

double ck_report_mpps(const ck_report *r)
{
    return r->result->wall_s > 0 ? ck_report_megapixels(r) / r->result->wall_s : 0;
}

double ck_report_raw_mbps(const ck_report *r)
{
    return ck_report_mpps(r) * r->plan->channels * (r->plan->depth / 8);
}

double ck_report_utilisation(const ck_report *r)
{
    double possible = r->result->wall_s * r->result->workers;

    return possible > 0 ? (r->result->user_s + r->result->sys_s) / possible : 0;
}

static const char *colour_name(int channels)
{
    static const char *const names[] = {"?", "gray", "gray+alpha", "RGB", "RGBA"};

    return names[channels >= 1 && channels <= 4 ? channels : 0];
}

static void image_line(FILE *to, const chunkimg_plan *p)
{
    char size[32];

    fprintf(to, "%-12s %d x %d %s%d, %.1f MP", p->input, p->width, p->height, colour_name(p->channels), p->depth,
            (double)p->width * p->height * 1e-6);
    if (p->input_bytes)
        fprintf(to, ", %s", ck_report_size(p->input_bytes, size, sizeof size));
    fputc('\n', to);
}

static void upper(char *to, size_t size, const char *name)
{
    size_t i = 0;

    for (; name[i] && i + 1 < size; i++)
        to[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
    to[i] = 0;
}

static void tiles_line(FILE *to, const chunkimg_plan *p)
{
    char format[16] = "nothing encoded";

    if (p->output_format)
        upper(format, sizeof format, p->output_format);
    fprintf(to, "%-12s %llu (%d x %d, %d x %d", !strcmp(p->sink, "image") ? "strips" : "tiles",
            (unsigned long long)p->tiles, p->columns, p->rows, p->tile_width, p->tile_height);
    if (p->overlap)
        fprintf(to, ", overlap %d", p->overlap);
    if (p->out_width != p->width || p->out_height != p->height)
        fprintf(to, "; of %d x %d", p->out_width, p->out_height);
    fprintf(to, "), %s, %s%s -> %s%s\n", p->ops, p->lossless && p->output_format ? "lossless " : "", format,
            p->output ? p->output : "none", p->output && !strcmp(p->sink, "tiles") ? "/" : "");
    if (p->note)
        fprintf(to, "%-12s %s\n", "", p->note);
}

static void mode_line(FILE *to, const chunkimg_plan *p, unsigned workers, unsigned replaced)
{
    fprintf(to, "%-12s %s, %u worker%s", "mode", p->mode, workers, workers == 1 ? "" : "s");
    if (p->processes && p->processes != p->workers)
        fprintf(to, " (%u process%s of %u thread%s)", p->processes, p->processes == 1 ? "" : "es",
                p->workers / p->processes, p->workers == p->processes ? "" : "s");
    if (replaced)
        fprintf(to, " (%u died and %s replaced)", replaced, replaced == 1 ? "was" : "were");
    if (p->mode_reason)
        fprintf(to, "  (chosen: %s)", p->mode_reason);
    fputc('\n', to);
}

void ck_report_short(FILE *to, const ck_report *r)
{
    const chunkimg_plan *p = r->plan;

    fprintf(to, "%-12s %d x %d %s%d, %llu tile%s -> %s%s, %.4f s\n", p->input, p->width, p->height, colour_name(p->channels),
            p->depth, (unsigned long long)p->tiles, p->tiles == 1 ? "" : "s", p->output ? p->output : "none",
            p->output && !strcmp(p->sink, "tiles") ? "/" : "", r->result->wall_s);
}

void ck_report_work(FILE *to, const chunkimg_plan *p)
{
    image_line(to, p);
    tiles_line(to, p);
}

void ck_report_plan(FILE *to, const chunkimg_plan *p)
{
    char a[32], b[32], c[32], d[32], e[32], all[32];

    ck_report_work(to, p);
    mode_line(to, p, p->workers, 0);
    fprintf(to, "%-12s %s at most: bands %s, slots %s, workers %s, decoder %s, program %s", "memory",
            ck_report_size(p->memory_bytes, all, sizeof all), ck_report_size(p->band_bytes, a, sizeof a),
            ck_report_size(p->slot_bytes, b, sizeof b), ck_report_size(p->worker_bytes, c, sizeof c),
            ck_report_size(p->codec_bytes, d, sizeof d), ck_report_size(p->base_bytes, e, sizeof e));
    if (p->body_bytes)
        fprintf(to, ", download %s", ck_report_size(p->body_bytes, all, sizeof all));
    fputc('\n', to);
}

static void stages_line(FILE *to, const chunkimg_result *r)
{
    fprintf(to, "%-12s", "stages");
    for (unsigned s = 0; s < CHUNKIMG_STAGES; s++)
        fprintf(to, " %s %.2f ", chunkimg_stage_name(s), r->stage_s[s]);
    fprintf(to, " (busy seconds, all workers)\n");
}

void ck_report_text(FILE *to, const ck_report *r)
{
    const chunkimg_plan *p = r->plan;
    const chunkimg_result *s = r->result;
    char size[32];

    ck_report_work(to, p);
    mode_line(to, p, s->workers, s->workers_replaced);
    fprintf(to, "%-12s %.*f s    %.1f MP/s    %.1f tiles/s    %.1f MB/s raw", "wall", s->wall_s < 0.1 ? 4 : 2,
            s->wall_s, ck_report_mpps(r), s->wall_s > 0 ? (double)p->tiles / s->wall_s : 0, ck_report_raw_mbps(r));
    if (r->runs > 1)
        fprintf(to, "    (median of %zu runs)", r->runs);
    fputc('\n', to);
    stages_line(to, s);
    fprintf(to, "%-12s %.2f user  %.2f sys    %.0f %% of %u CPU%s    peak memory %.0f MiB (planned %.0f)\n", "cpu",
            s->user_s, s->sys_s, 100 * ck_report_utilisation(r), s->workers, s->workers == 1 ? "" : "s",
            (double)s->peak_memory_bytes / 1048576, (double)p->memory_bytes / 1048576);
    fprintf(to, "%-12s switches %llu voluntary, %llu involuntary    page faults %llu minor, %llu major\n", "system",
            (unsigned long long)s->voluntary_switches, (unsigned long long)s->involuntary_switches,
            (unsigned long long)s->minor_faults, (unsigned long long)s->major_faults);
    fprintf(to, "%-12s digest %08x", "output", s->digest);
    if (s->output_bytes)
        fprintf(to, "    %llu file%s, %s", (unsigned long long)s->tiles_written, s->tiles_written == 1 ? "" : "s",
                ck_report_size(s->output_bytes, size, sizeof size));
    fputc('\n', to);
}
