/*
 * A job: the plan, the modules it chose, and what they share while it runs.
 * This header is the inside of chunkimg_job; only src/pipeline sees it.
 */
#ifndef CK_PIPELINE_JOB_H
#define CK_PIPELINE_JOB_H

#include <chunkimg/chunkimg.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "codec/codec.h"
#include "core/grid.h"
#include "core/rows.h"
#include "core/sched.h"
#include "exec/exec.h"
#include "op/chain.h"
#include "os/arena.h"
#include "os/checksum.h"
#include "os/sandbox.h"
#include "os/usage.h"
#include "pipeline/disturb.h"
#include "pipeline/shuffle.h"
#include "pipeline/source.h"
#include "sink/sink.h"

/* What one worker counted. In the arena; only that worker writes it. */
typedef struct ck_tally {
    _Alignas(64) uint64_t stage_ns[CHUNKIMG_STAGES];
    uint64_t digest_ns; /* of the stage process */
    uint64_t tickets, busy_ns;
    uint64_t first_ns, last_ns;  /* when its first ticket began and its last one ended; tickets 0: never */
    uint64_t passed_nbytes;      /* read where other tickets had written them */
    uint64_t migrations;         /* CHUNKIMG_UNKNOWN: the kernel does not tell */
    bool left;                   /* the worker came to its end: migrations is its last word */
} ck_tally;

/* A tile on its way. In the arena; written by the tile's carrier, read at home once the ticket is back. */
typedef struct ck_slot {
    ck_error err; /* status CK_OK: the tile is whole */
    ck_outcome outcome;
    bool kept;    /* made by an earlier run: nothing to do; at home, before the ticket is handed out */
    bool skipped; /* failed, and the sink has noted it; at home */
} ck_slot;

/* The front of the arena. */
typedef struct ck_board {
    _Alignas(64) atomic_uint stop;     /* anyone sets it; workers look at it between blocks */
    atomic_uint interrupted;           /* stop was the user's wish */
    _Alignas(64) atomic_ullong tiles_done; /* workers add */
    atomic_ullong first_tile_ns;       /* when the first tile was finished; 0: none is; the worker that was first */
    atomic_uint pass;                  /* surveys that are over; at home, between passes */
    atomic_int rows_decoded;           /* units; the decoder's holder */
    int home_cpu;                      /* where the run was begun; workers spread from there */
    atomic_int bad_row;                /* rows from here on could not be decoded; whoever carries the FILL that failed */
    ck_error fill_errors[CK_FILLS_MOST]; /* of FILL i at i % CK_FILLS_MOST, by its carrier; read at home once it is back */

    atomic_uint disturbed[CK_DISTURBANCES]; /* how often each has happened; see disturb.h */

    /* Shares of pieces in the file's own checksum, likewise. */
    struct {
        uint32_t check;
        uint64_t nbytes;
    } fill_checks[CK_FILLS_MOST];
} ck_board;

/* Where things lie in the arena: offsets, fixed by the plan. */
typedef struct ck_layout {
    size_t tallies, slots, executor, bands, slot_bytes, total;
    size_t trace;     /* rings of events; trace_room 0: none */
    size_t trace_room;/* events each */
    size_t slot_room; /* bytes of encoded data a slot holds; 0: workers keep it themselves */
} ck_layout;

/* Sizes of one worker's private memory. */
typedef struct ck_worker_plan {
    size_t scratch, block, encoded; /* bytes; block: output rows between chain and encoder */
    int32_t block_rows; /* of tiles */
    size_t encoder; /* what the encoder allocates for itself */
    size_t piece;   /* what decoding a piece takes; 0: the decoder is one chain */
} ck_worker_plan;

/*
 * A pass over the input before the tiles are made, for an operation that looks
 * at the whole image first. Its tickets are strips of what that operation is
 * given.
 */
typedef struct ck_survey {
    size_t index;          /* of the chain's surveys */
    const ck_chain *before;
    ck_grid grid;          /* strips of the image that `before` gives */
    ck_row_need *need;     /* owned */
    uint32_t slots;
    int32_t block_rows;
    size_t account;        /* bytes, rounded to lines */
    size_t at;             /* offset in the arena: the account of all, then one for each slot */
} ck_survey;

struct chunkimg_job {
    chunkimg_options options;
    chunkimg_plan plan;
    chunkimg_result result;
    chunkimg_warn warn;
    void *warn_user;
    chunkimg_tick tick;
    void *tick_user;
    bool ran;

    /* chosen by the plan */
    ck_source *source;
    ck_body *body;              /* downloaded by this job itself; else NULL */
    ck_chain *chain;
    const ck_codec *codec;      /* of the output; NULL: nothing is encoded */
    const ck_sink *sink;
    const ck_exec *exec;
    ck_shape shape;             /* of the output image, as the chain gives it, in units */
    ck_grid grid;               /* pixels */
    int32_t unit_w, unit_h;     /* pixels of what rows are of: 1 x 1; lossless: an MCU */
    ck_grid units;              /* the same grid in units, right in all that it says of rows */
    ck_row_need *need;          /* owned; of the scheduler: rows of the input that each grid row takes */
    ck_sched_config sched_config;
    ck_survey *surveys;         /* owned; survey_count of them, in the order of the chain */
    size_t survey_count;
    bool keeps_image;           /* the ring holds all rows, so that each pass finds them; else each decodes them */
    uint64_t piece_memory;
    bool in_pieces;             /* the input has independent segments, and there are workers to share them */
    ck_layout layout;
    ck_worker_plan worker;
    ck_encode_params encode;
    ck_palette palette;         /* of what rows are indices into; count 0: rows are of colours */
    ck_sink_config sink_config;
    void *sink_state;
    int64_t ahead;       /* rows decoded beyond what a grid row needs */
    bool settled;        /* a worker's copy of a job that is planned and running elsewhere: ahead is given, the output is there */
    bool by_copy;        /* workers share no pixels: they and encoded bytes are copied there and back */
    ck_sandbox *sandbox; /* for worker processes; NULL: none */
    char *output, *stem; /* owned text */
    char input[256]; /* the input's name for messages */
    char note[240], reason[160], stamp[96];

    /* while it runs */
    ck_arena arena;
    ck_board *board;
    ck_rows rows;
    ck_sched sched;
    ck_shuffle shuffle;
    const ck_survey *survey;    /* the pass that is running; NULL: tiles are made */
    size_t surveyed;            /* of the chain's surveys, ended in this process */
    ck_error failure;           /* the first in the order of the image; at home */
    uint64_t failure_seq;
    bool skips;                 /* what fails is noted and left out */
    bool all_kept;              /* an earlier run made every tile: nothing is decoded */
    ck_error skipped;           /* the first failure that was left out; at home */
    ck_error undecoded;         /* why rows from board->bad_row on are missing; at home */
    uint32_t digest;            /* at home */
    uint32_t piece_check;       /* of all pieces before FILL pieces_joined; at home */
    uint64_t pieces_joined;
    uint64_t began_ns;
    uint64_t end_ns;            /* when next() said END for the first time; at home */
    double region_s, teardown_s;
    const ck_turns *turns;      /* NULL: labour runs at once; set by the executor while nobody works */
    atomic_ullong pulse_ns;     /* when tick was last called; whoever moves it calls */
    atomic_bool ticking;        /* somebody is in it: what it does, one thread does after the other */
    ck_crc32_shifter digest_row;/* by a row of the covered output */
    size_t digest_pixel;        /* bytes that a pixel has in the digest */
    ck_rect covered;            /* what tiles own, in units */
    chunkimg_event *events;     /* after a run that was traced; owned */
    size_t event_count;
    uint64_t events_lost;
    pid_t home;                 /* process that runs the job: children do not tick */
};

/* downloads.c: those of others that go on while the job runs, or NULL. */
struct ck_fetches *ck_job_downloads(const chunkimg_job *job);

/* downloads.c: the input's body, blocking. */
ck_status ck_job_download(chunkimg_job *job, ck_error *err);

/*
 * api.c: opens the input; again, where the first reading of it was on a wrong guess or a pass before the tiles.
 * CHUNKIMG_BAD_INPUT where it is not the image any more that everything was planned for.
 */
ck_status ck_job_open_source(chunkimg_job *job, ck_error *err);
ck_status ck_job_open_again(chunkimg_job *job, ck_error *err);

/* plan.c: workers that the options or the environment ask for; where neither does, the CPUs, and no more than `most`. */
ck_status ck_wanted_workers(const chunkimg_options *options, uint64_t most, unsigned *out, ck_error *err);

/* plan_memory.c: bytes that a plan may need. */
uint64_t ck_memory_limit(const chunkimg_options *options);

/* modes.c: whether an option was set that belongs to some modes only. */
bool ck_mode_options_set(const chunkimg_options *options);

/* What of a plan depends on the moment it is made. */
typedef struct ck_settled {
    int64_t ahead;    /* rows decoded beyond what a grid row needs */
    bool keeps_image; /* see the job */
} ck_settled;

/* api.c: chunkimg_open_warn; settled not NULL: a worker's copy of a job that runs elsewhere, where its output is. */
ck_status ck_job_open(const chunkimg_options *options, const ck_settled *settled, chunkimg_warn warn, void *user,
                      chunkimg_job **out, ck_error *err);

/* run.c: with the arena mapped, everything that a run needs in any of its processes. */
ck_status ck_job_settle(chunkimg_job *job, ck_error *err);

/* run.c: what the executor shall know. */
ck_exec_config ck_job_exec_config(chunkimg_job *job);

/* run.c: pieces that were a guess are read as one chain from here on. */
void ck_job_take_chain(chunkimg_job *job);

/*
 * recruit.c: what a process that is not forked needs to open the same job, as
 * bytes; *out is the caller's to free.
 */
ck_status ck_order_make(const chunkimg_job *job, void **out, size_t *nbytes, ck_error *err);

/* plan.c: fills the plan and everything chosen by it. */
ck_status ck_plan_make(chunkimg_job *job, ck_error *err);

/*
 * plan_memory.c, with all else chosen: the arena's layout, what a worker holds,
 * and rows ahead, with their sum in the plan. CHUNKIMG_LIMIT: more than allowed.
 */
ck_status ck_plan_memory(chunkimg_job *job, unsigned workers, ck_error *err);

/* plan.c: what the encoders' parameters borrow from the source; again, where it was opened again. */
void ck_plan_take_from_source(chunkimg_job *job);

/* Adds a sentence to what the plan has to say. */
void ck_plan_note(chunkimg_job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* lossless.c: before the input is read, whether the options (whose names exist) go together with `lossless`. */
ck_status ck_lossless_check_options(const chunkimg_options *options, ck_error *err);

/* formats.c: before the input is read, whether each option that is some format's can have an effect. */
ck_status ck_formats_check_options(const chunkimg_options *options, ck_error *err);

/*
 * lossless.c, with the grid chosen: sets unit_w, unit_h and units of any job.
 * CHUNKIMG_USAGE where a lossless job's input would have to be turned, or where
 * a tile begins or ends inside a unit; the sentence says what to do, or the
 * nearest grid that fits.
 */
ck_status ck_lossless_plan(chunkimg_job *job, ck_error *err);

/* auto.c: the executor, by name (which exists) or by choice. */
void ck_choose_mode(chunkimg_job *job, unsigned workers);

/* auto.c: memory does not suffice: fewer workers, and one by itself, where the mode was by choice. False: there is no less. */
bool ck_choose_less(chunkimg_job *job, unsigned *workers);

/*
 * auto.c: `wanted`, unless an option was set that it does not honour: then the first mode that does, and *option is that one.
 * wanted NULL: nothing special; NULL comes back where no option asks for more.
 */
const ck_exec *ck_mode_asked_for(const chunkimg_options *o, const ck_exec *wanted, const char **option);

/* auto.c: the first of the list that has these traits and is built in; NULL: none. */
const ck_exec *ck_mode_with(unsigned traits);

/* auto.c: the mode for work that workers share in one memory; *variable: of the environment, that decided it, or NULL. */
const ck_exec *ck_sharing_mode(const char **variable);

/* modes.c: whether the executor honours every option that was set and belongs to modes; else *option is one it does not. */
bool ck_mode_fits(const ck_exec *e, const chunkimg_options *o, const char **option);

/* count.c: the result of a run that has ended, however it did. */
void ck_count_result(chunkimg_job *job, const ck_exec_stats *stats, ck_usage before);

/* survey.c: plans the passes before the tiles. */
ck_status ck_survey_plan(chunkimg_job *job, ck_error *err);
bool ck_survey_lay_out(chunkimg_job *job, size_t *total); /* adds their accounts to the arena */
void ck_survey_free(chunkimg_job *job);

/* survey.c: runs them; afterwards the job's scheduler and source stand at the beginning of the last pass. */
ck_status ck_survey_run(chunkimg_job *job, ck_exec_stats *stats, ck_error *err);

/* survey.c, in a worker: takes over what passes before have found, where this process has not seen it. */
void ck_survey_join(chunkimg_job *job);

/* survey.c: the pixels of the input that a pass's strip is made of. */
ck_rect ck_survey_reads(const chunkimg_job *job, ck_ticket t);

/* survey.c, of a pass's strip: looks at it; joins what was found, at home. */
ck_status ck_survey_strip(chunkimg_job *job, void *scratch, uint8_t *block, ck_ticket t, ck_error *err);
void ck_survey_merge(chunkimg_job *job, ck_ticket t);

/* run.c: has the tickets of one pass carried. */
ck_status ck_job_carry(chunkimg_job *job, ck_exec_stats *stats, ck_error *err);

/* work.c; its inside is work_inside.h */
ck_work ck_job_work(chunkimg_job *job);
void ck_job_pulse(void *job);

/* Before rows [from, from + count) are written for the first time: huge pages for them, where workers are processes. */
void ck_job_back_rows(const chunkimg_job *job, int32_t from, int32_t count);

static inline ck_tally *ck_job_tally(const chunkimg_job *job, unsigned worker)
{
    return (ck_tally *)(void *)(job->arena.base + job->layout.tallies) + worker;
}

static inline ck_slot *ck_job_slot(const chunkimg_job *job, uint32_t id)
{
    return (ck_slot *)(void *)(job->arena.base + job->layout.slots) + id;
}

#endif
