/* One table of several modes. */
#include <string.h>

#include "report/report.h"

static double serial_wall(const ck_report *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(rows[i].plan->mode, "serial"))
            return rows[i].result->wall_s;
    return 0;
}

void ck_report_compare(FILE *to, const ck_report *rows, size_t n, bool colour)
{
    static const char bold[] = "\033[1m", green[] = "\033[32m", plain[] = "\033[0m";
    enum { BAR = 24 };
    double serial = serial_wall(rows, n), best = 0;

    for (size_t i = 0; i < n; i++)
        best = ck_report_mpps(&rows[i]) > best ? ck_report_mpps(&rows[i]) : best;
    fprintf(to, "\n%s%-10s %7s %9s %9s %9s %9s %8s %9s%s\n", colour ? bold : "", "mode", "workers", "wall s", "MP/s",
            "tiles/s", "speed-up", "CPU s", "peak MiB", colour ? plain : "");
    for (size_t i = 0; i < n; i++) {
        const chunkimg_result *r = rows[i].result;
        double mpps = ck_report_mpps(&rows[i]);
        int bar = best > 0 ? (int)(BAR * mpps / best + 0.5) : 0;

        if (colour && mpps == best)
            fputs(green, to);
        fprintf(to, "%-10s %7u %9.3f %9.1f %9.1f ", rows[i].plan->mode, r->workers, r->wall_s, mpps,
                (double)rows[i].plan->tiles / r->wall_s);
        if (serial > 0)
            fprintf(to, "%8.2fx ", serial / r->wall_s);
        else
            fprintf(to, "%9s ", "-");
        fprintf(to, "%8.2f %9.0f  %.*s%s\n", r->user_s + r->sys_s, (double)r->peak_memory_bytes / 1048576, bar,
                "########################", colour && mpps == best ? plain : "");
    }
    fprintf(to, "%s digest %08x in every mode\n", n > 1 ? "same pixels:" : "pixels:", rows[0].result->digest);
}
