/*
 * What workers did and when, for those who ask (options.trace): a ring of fixed-size events for each worker in the
 * arena, and one for the counts that change at home. Each ring has one writer and no lock; when it is full the oldest
 * events go. The plan counts the rings only where they are asked for.
 */
#ifndef CK_PIPELINE_TRACE_H
#define CK_PIPELINE_TRACE_H

#include "pipeline/job.h"

/* Events a ring holds for a plan of that many tiles and FILLs; 0: nothing is recorded. */
size_t ck_trace_room(const chunkimg_options *options, uint64_t tiles, uint64_t fills);

/* Bytes of all rings: one for each worker, for the supervisor, for the counts. */
size_t ck_trace_nbytes(unsigned workers, size_t room);

static inline bool ck_trace_on(const chunkimg_job *job)
{
    return job->layout.trace_room != 0;
}

/* By the worker that carried the ticket: since began_ns, having spent in stages what `before` and its tally differ by. */
void ck_trace_carried(chunkimg_job *job, unsigned worker, ck_ticket t, uint64_t began_ns, const uint64_t before[CHUNKIMG_STAGES]);

/* At home, after a ticket was handed out or came back. */
void ck_trace_counts(chunkimg_job *job);

/* After the run, before the arena goes: all events into job->events, by time. Without memory for them there are none. */
void ck_trace_collect(chunkimg_job *job);

#endif
