/* What workers cost each other: text for --verbose, and keys of the JSON report. A key is absent where nothing is known. */
#include "report/report.h"
#include "report/workers.h"

static unsigned shown(const chunkimg_result *r)
{
    return r->workers < CHUNKIMG_WORKERS_SHOWN ? r->workers : CHUNKIMG_WORKERS_SHOWN;
}

/* ---- text -------------------------------------------------------------------------- */

static const char *count_text(uint64_t value, char to[32])
{
    if (value == CHUNKIMG_UNKNOWN)
        return "?";
    snprintf(to, 32, "%llu", (unsigned long long)value);
    return to;
}

static const char *size_text(uint64_t nbytes, char to[32])
{
    return nbytes == CHUNKIMG_UNKNOWN ? "?" : ck_report_size(nbytes, to, 32);
}

static const char *time_text(double seconds, char to[32])
{
    if (seconds < 0)
        return "?";
    snprintf(to, 32, seconds < 0.1 ? "%.2f ms" : "%.2f s", seconds < 0.1 ? seconds * 1e3 : seconds);
    return to;
}

void ck_report_workers(FILE *to, const ck_report *report)
{
    const chunkimg_result *r = report->result;
    const char *sandbox = report->plan->sandbox;
    char a[32], b[32], c[32], d[32];

    fprintf(to, "%-12s spawn %s  first tile %s  parallel region %s  teardown %s\n", "phases", time_text(r->spawn_s, a),
            time_text(r->first_tile_s, b), time_text(r->region_s, c), time_text(r->teardown_s, d));
    fprintf(to, "%-12s lock %s times, waited %s    queue waited %s    migrations %s\n", "waits",
            count_text(r->lock_acquisitions, a), time_text(r->lock_wait_s, b), time_text(r->queue_wait_s, c),
            count_text(r->migrations, d));
    if (r->lock_requests != CHUNKIMG_UNKNOWN)
        fprintf(to, "%-12s %s intervals ran out, %s hand-overs forced\n", "global lock", count_text(r->lock_requests, a),
                count_text(r->lock_forced, b));
    if (r->loop_turns != CHUNKIMG_UNKNOWN)
        fprintf(to, "%-12s %s turns, an event waits %s on average, %s at worst\n", "event loop", count_text(r->loop_turns, a),
                time_text(r->loop_mean_s, b), time_text(r->loop_worst_s, c));
    fprintf(to, "%-12s copied %s, by reference %s    RSS %s, PSS %s (all processes)\n", "between",
            size_text(r->bytes_copied, a), size_text(r->bytes_by_reference, b), size_text(r->rss_bytes, c),
            size_text(r->pss_bytes, d));
    if (sandbox)
        fprintf(to, "%-12s %s%s\n", "sandbox", sandbox, r->confined ? "" : " (not in force)");
    fprintf(to, "%-12s imbalance %.1f %%\n", "workers", 100 * r->imbalance);
    for (unsigned i = 0; i < shown(r); i++)
        fprintf(to, "%12u busy %.3f  waiting %.3f  idle %.3f s    %llu tickets\n", i, r->worker[i].busy_s,
                r->worker[i].waiting_s, r->worker[i].idle_s, (unsigned long long)r->worker[i].tickets);
}

/* ---- JSON -------------------------------------------------------------------------- */

static void set_time(json_t *to, const char *key, double seconds)
{
    if (seconds >= 0)
        json_object_set_new(to, key, json_real(seconds));
}

static void set_count(json_t *to, const char *key, uint64_t value)
{
    if (value != CHUNKIMG_UNKNOWN)
        json_object_set_new(to, key, json_integer((json_int_t)value));
}

static json_t *loop_json(const chunkimg_result *r)
{
    json_t *loop = json_object();

    set_count(loop, "turns", r->loop_turns);
    set_time(loop, "mean_s", r->loop_mean_s);
    set_time(loop, "worst_s", r->loop_worst_s);
    return loop;
}

static json_t *each_worker(const chunkimg_result *r)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < shown(r); i++)
        json_array_append_new(list, json_pack("{s:f,s:f,s:f,s:I}", "busy_s", r->worker[i].busy_s, "waiting_s",
                                              r->worker[i].waiting_s, "idle_s", r->worker[i].idle_s, "tickets",
                                              (json_int_t)r->worker[i].tickets));
    return list;
}

void ck_report_workers_json(json_t *to, const chunkimg_result *r)
{
    json_t *lock = json_object(), *memory = json_object_get(to, "memory");

    set_time(to, "region_s", r->region_s);
    set_time(to, "teardown_s", r->teardown_s);
    set_time(to, "first_tile_s", r->first_tile_s);
    set_count(lock, "acquisitions", r->lock_acquisitions);
    set_time(lock, "wait_s", r->lock_wait_s);
    set_count(lock, "requests", r->lock_requests);
    set_count(lock, "forced", r->lock_forced);
    json_object_set_new(to, "lock", lock);
    if (r->loop_turns != CHUNKIMG_UNKNOWN)
        json_object_set_new(to, "loop", loop_json(r));
    set_time(to, "queue_wait_s", r->queue_wait_s);
    set_count(to, "bytes_copied", r->bytes_copied);
    set_count(to, "bytes_by_reference", r->bytes_by_reference);
    set_count(to, "migrations", r->migrations);
    set_count(memory, "rss_sum_bytes", r->rss_bytes);
    set_count(memory, "pss_sum_bytes", r->pss_bytes);
    json_object_set_new(to, "workers_replaced", json_integer((json_int_t)r->workers_replaced));
    json_object_set_new(to, "per_worker", each_worker(r));
    json_object_set_new(to, "imbalance", json_real(r->imbalance));
}
