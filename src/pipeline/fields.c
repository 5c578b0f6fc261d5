/* Where the figures of a plan and of a result lie, for programs that are not compiled with the public header. */
#include <chunkimg/chunkimg.h>

#define KIND(member)                                                                                              \
    _Generic((member), double: 'f', double *: 'f', uint64_t: 'u', uint32_t: 'u', bool: 'u', int32_t: 'i', const char *: 't')
#define FIELD(type, name)                                                                                         \
    {#name, offsetof(type, name), sizeof((type *)0)->name, KIND(((type *)0)->name)}
#define P(name) FIELD(chunkimg_plan, name)
#define R(name) FIELD(chunkimg_result, name)

static const chunkimg_field plan_fields[] = {
    P(input), P(output), P(input_format), P(output_format), P(mode), P(mode_reason), P(sink), P(lossless), P(ops), P(border),
    P(note), P(input_bytes), P(width), P(height), P(out_width), P(out_height), P(channels), P(depth), P(out_channels),
    P(out_depth), P(tiles), P(columns), P(rows), P(tile_width), P(tile_height), P(overlap), P(workers), P(memory_bytes),
    P(band_bytes), P(slot_bytes), P(worker_bytes), P(codec_bytes), P(body_bytes), P(base_bytes), {NULL, 0, 0, 0},
};

static const chunkimg_field result_fields[] = {
    R(wall_s), R(startup_s), R(region_s), R(spawn_s), R(teardown_s), R(first_tile_s), R(stage_s), R(digest_s), R(user_s), R(sys_s),
    R(voluntary_switches), R(involuntary_switches), R(minor_faults), R(major_faults), R(peak_memory_bytes), R(tiles_written),
    R(tiles_kept), R(tiles_failed), R(tiles_done), R(output_bytes), R(digest), R(workers), R(workers_replaced),
    R(lock_acquisitions), R(lock_wait_s), R(lock_requests), R(lock_forced), R(queue_wait_s), R(bytes_copied),
    R(bytes_by_reference), R(migrations), R(rss_bytes), R(pss_bytes), R(imbalance), {NULL, 0, 0, 0},
};

const chunkimg_field *chunkimg_plan_fields(void)
{
    return plan_fields;
}

const chunkimg_field *chunkimg_result_fields(void)
{
    return result_fields;
}
