#include "bench/figures.h"

#include <math.h>

const ck_figure_row ck_figure_rows[CK_FIGURE_ROWS] = {
    [CK_F_WALL] = {"wall_s", "wall", "s"},
    [CK_F_TOTAL] = {"total_s", "end to end", "s"},
    [CK_F_STARTUP] = {"startup_s", "open", "s"},
    [CK_F_REGION] = {"region_s", "parallel region", "s"},
    [CK_F_SPAWN] = {"spawn_s", "spawn", "s"},
    [CK_F_TEARDOWN] = {"teardown_s", "teardown", "s"},
    [CK_F_FIRST_TILE] = {"first_tile_s", "first tile", "s"},
    [CK_F_READ] = {"read_s", "read", "s"},
    [CK_F_DECODE] = {"decode_s", "decode", "s"},
    [CK_F_PROCESS] = {"process_s", "process", "s"},
    [CK_F_ENCODE] = {"encode_s", "encode", "s"},
    [CK_F_WRITE] = {"write_s", "write", "s"},
    [CK_F_WAIT] = {"wait_s", "wait", "s"},
    [CK_F_USER] = {"user_s", "user CPU", "s"},
    [CK_F_SYS] = {"sys_s", "system CPU", "s"},
    [CK_F_LOCK_WAIT] = {"lock_wait_s", "waiting for locks", "s"},
    [CK_F_QUEUE_WAIT] = {"queue_wait_s", "waiting for tickets", "s"},
    [CK_F_LOCKS] = {"lock_acquisitions", "locks taken", ""},
    [CK_F_VOLUNTARY] = {"voluntary_switches", "voluntary switches", ""},
    [CK_F_INVOLUNTARY] = {"involuntary_switches", "involuntary switches", ""},
    [CK_F_MIGRATIONS] = {"migrations", "migrations", ""},
    [CK_F_MINOR] = {"minor_faults", "minor faults", ""},
    [CK_F_MAJOR] = {"major_faults", "major faults", ""},
    [CK_F_PEAK] = {"peak_memory_bytes", "peak memory", "bytes"},
    [CK_F_RSS] = {"rss_bytes", "RSS, all processes", "bytes"},
    [CK_F_PSS] = {"pss_bytes", "PSS, all processes", "bytes"},
    [CK_F_COPIED] = {"bytes_copied", "copied between workers", "bytes"},
    [CK_F_BY_REFERENCE] = {"bytes_by_reference", "passed by reference", "bytes"},
    [CK_F_OUTPUT] = {"output_bytes", "output", "bytes"},
    [CK_F_IMBALANCE] = {"imbalance", "imbalance", ""},
    [CK_F_LOOP_MEAN] = {"loop_mean_s", "turn of the loop", "s"},
    [CK_F_LOOP_WORST] = {"loop_worst_s", "longest turn", "s"},
    [CK_F_JITTER] = {"jitter_p99_s", "tick late, 99 of 100", "s"},
    [CK_F_JITTER_WORST] = {"jitter_worst_s", "tick late, worst", "s"},
};

static double time_of(double seconds)
{
    return seconds < 0 ? NAN : seconds;
}

static double count_of(uint64_t n)
{
    return n == CHUNKIMG_UNKNOWN ? NAN : (double)n;
}

void ck_figures_of(const chunkimg_result *r, double total_s, double to[CK_FIGURE_ROWS])
{
    to[CK_F_WALL] = r->wall_s;
    to[CK_F_TOTAL] = total_s;
    to[CK_F_STARTUP] = r->startup_s;
    to[CK_F_REGION] = time_of(r->region_s);
    to[CK_F_SPAWN] = time_of(r->spawn_s);
    to[CK_F_TEARDOWN] = time_of(r->teardown_s);
    to[CK_F_FIRST_TILE] = time_of(r->first_tile_s);
    for (unsigned s = 0; s < CHUNKIMG_STAGES; s++)
        to[CK_F_READ + s] = r->stage_s[s];
    to[CK_F_USER] = r->user_s;
    to[CK_F_SYS] = r->sys_s;
    to[CK_F_LOCK_WAIT] = time_of(r->lock_wait_s);
    to[CK_F_QUEUE_WAIT] = time_of(r->queue_wait_s);
    to[CK_F_LOCKS] = count_of(r->lock_acquisitions);
    to[CK_F_VOLUNTARY] = (double)r->voluntary_switches;
    to[CK_F_INVOLUNTARY] = (double)r->involuntary_switches;
    to[CK_F_MIGRATIONS] = count_of(r->migrations);
    to[CK_F_MINOR] = (double)r->minor_faults;
    to[CK_F_MAJOR] = (double)r->major_faults;
    to[CK_F_PEAK] = (double)r->peak_memory_bytes;
    to[CK_F_RSS] = count_of(r->rss_bytes);
    to[CK_F_PSS] = count_of(r->pss_bytes);
    to[CK_F_COPIED] = count_of(r->bytes_copied);
    to[CK_F_BY_REFERENCE] = count_of(r->bytes_by_reference);
    to[CK_F_OUTPUT] = (double)r->output_bytes;
    to[CK_F_IMBALANCE] = r->imbalance;
    to[CK_F_LOOP_MEAN] = time_of(r->loop_mean_s);
    to[CK_F_LOOP_WORST] = time_of(r->loop_worst_s);
}
