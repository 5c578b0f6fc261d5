/*
 * chunkimg: cut large images into tiles and process them in parallel.
 *
 * It holds two things: the vocabulary (status codes, errors, option rows) that
 * every folder of the library speaks, and the job interface that programs
 * call. It includes nothing of the library. The one other public header,
 * chunkimg_op.h, is for those who write operations.
 *
 * A program fills a chunkimg_options, opens a job (which reads the header of
 * the input and fixes the plan), looks at the plan if it wants to, runs it and
 * reads the result:
 *
 *     chunkimg_options o = {.struct_size = sizeof o};
 *     chunkimg_error err;
 *     chunkimg_job *job;
 *     chunkimg_options_init(&o);
 *     o.input = "photo.png";
 *     if (chunkimg_open(&o, &job, &err) == CHUNKIMG_OK) {
 *         if (chunkimg_run(job, &err) != CHUNKIMG_OK) ...
 *         chunkimg_close(&job);
 *     }
 *
 * Threads: a job belongs to one thread at a time. Different jobs may run in
 * different threads, except that a job in the mode "processes" forks and so
 * must be run before the program starts threads of its own.
 * The library never prints, never exits and keeps no global state.
 */
#ifndef CHUNKIMG_CHUNKIMG_H
#define CHUNKIMG_CHUNKIMG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The build reads the version from these lines. */
#define CHUNKIMG_VERSION_MAJOR 0
#define CHUNKIMG_VERSION_MINOR 1
#define CHUNKIMG_VERSION_PATCH 0

#if defined(__GNUC__)
#define CHUNKIMG_API __attribute__((visibility("default")))
#else
#define CHUNKIMG_API
#endif

/* ---- status and errors ------------------------------------------------ */

/* name, exit code of the command line, text */
#define CHUNKIMG_STATUS_MAP(X)                                                \
    X(OK, 0, "success")                                                       \
    X(SYSTEM, 1, "a read, a write or a system call failed")                   \
    X(USAGE, 2, "an option has a value it cannot take")                       \
    X(BAD_INPUT, 3, "the input is damaged or unsupported")                    \
    X(LIMIT, 4, "a limit would be passed")                                    \
    X(WORKER, 5, "a worker died and its tile could not be saved")             \
    X(PARTIAL, 6, "finished, but some inputs or tiles failed")                \
    X(INTERRUPTED, 130, "interrupted")

typedef enum chunkimg_status {
#define X(name, code, text) CHUNKIMG_##name,
    CHUNKIMG_STATUS_MAP(X)
#undef X
        CHUNKIMG_STATUS_COUNT
} chunkimg_status;

/* Text and command-line exit code of a status. Any thread. */
CHUNKIMG_API const char *chunkimg_status_text(chunkimg_status status);
CHUNKIMG_API int chunkimg_status_exit_code(chunkimg_status status);

/* One failure. Holds no pointer, so it may lie in shared memory. */
typedef struct chunkimg_error {
    chunkimg_status status;
    int os_errno;     /* errno of the failed call, 0 where there was none */
    int32_t col, row; /* the tile it belongs to, -1: none */
    char text[488];   /* what was being done, to what, and why it failed */
} chunkimg_error;

/* ---- options ---------------------------------------------------------- */

typedef enum chunkimg_type {
    CHUNKIMG_FLAG,   /* bool */
    CHUNKIMG_INT,    /* int64_t */
    CHUNKIMG_REAL,   /* double */
    CHUNKIMG_SIZE,   /* uint64_t, bytes; K M G and KiB MiB GiB are understood */
    CHUNKIMG_CHOICE, /* int, index into choices */
    CHUNKIMG_TEXT,   /* const char *, borrowed */
    CHUNKIMG_PAIR,   /* chunkimg_pair, "N" or "AxB" */
    CHUNKIMG_LIST    /* chunkimg_list, repeatable text, borrowed items */
} chunkimg_type;

typedef struct chunkimg_pair {
    int64_t a, b; /* b is 0 where one number was given */
} chunkimg_pair;

#define CHUNKIMG_LIST_MOST 64

typedef struct chunkimg_list {
    size_t count;
    const char *items[CHUNKIMG_LIST_MOST];
} chunkimg_list;

/*
 * One option, born here once: the parser, --help, the man page, completions,
 * the bounds check and the error text all read this row. A table of rows ends
 * with a row whose name is NULL.
 */
typedef struct chunkimg_option {
    const char *name;  /* "tile-size" */
    char letter;       /* short form, 0: none */
    chunkimg_type type;
    size_t offset;     /* of the value in the struct that the table fills */
    double least, most;         /* INT, REAL, SIZE, PAIR: the range, inclusive */
    const char *unit;           /* "pixels"; NULL: none */
    const char *const *choices; /* CHOICE: NULL-terminated */
    const char *fallback;       /* the default as a user would type it; NULL: none */
    const char *value;          /* placeholder in help: "N", "WxH" */
    const char *help;           /* one line */
} chunkimg_option;

/* Sets every value of the struct at `into` to its row's default. */
CHUNKIMG_API void chunkimg_option_defaults(const chunkimg_option *rows, void *into);

/*
 * Parses `text` for the row `name` and stores it in the struct at `into`.
 * `text` is borrowed where the type is TEXT or LIST. CHUNKIMG_USAGE with a
 * sentence that states range and unit where it does not fit.
 */
CHUNKIMG_API chunkimg_status chunkimg_option_set(const chunkimg_option *rows, void *into, const char *name,
                                                 const char *text, chunkimg_error *err);

/* The row of that name, or NULL. `suggestion` (may be NULL) gets the nearest name, or NULL. */
CHUNKIMG_API const chunkimg_option *chunkimg_option_find(const chunkimg_option *rows, const char *name,
                                                         const char **suggestion);

typedef enum chunkimg_edge { CHUNKIMG_EDGE_KEEP, CHUNKIMG_EDGE_PAD, CHUNKIMG_EDGE_SHIFT, CHUNKIMG_EDGE_DROP } chunkimg_edge;

typedef enum chunkimg_start { CHUNKIMG_START_FORK, CHUNKIMG_START_SPAWN, CHUNKIMG_START_FORKSERVER } chunkimg_start;

typedef enum chunkimg_ipc { CHUNKIMG_IPC_SHM, CHUNKIMG_IPC_PIPE } chunkimg_ipc;

typedef enum chunkimg_sandbox { CHUNKIMG_SANDBOX_AUTO, CHUNKIMG_SANDBOX_REQUIRE, CHUNKIMG_SANDBOX_OFF } chunkimg_sandbox;

typedef enum chunkimg_on_error { CHUNKIMG_ON_ERROR_STOP, CHUNKIMG_ON_ERROR_SKIP } chunkimg_on_error;

/* A download that is complete: see "inputs over the network". */
typedef struct chunkimg_body chunkimg_body;

/*
 * What operations read beyond the image, for a row 0 1 2 3: ... 2 1 | 0 1 2 3 | 2 1 ..., with the edge repeated
 * ... 1 0 | 0 1 2 3 | 3 2 ..., its last pixel again and again, or zeros (transparent black where there is alpha).
 */
typedef enum chunkimg_border {
    CHUNKIMG_BORDER_REFLECT,
    CHUNKIMG_BORDER_SYMMETRIC,
    CHUNKIMG_BORDER_REPLICATE,
    CHUNKIMG_BORDER_ZERO
} chunkimg_border;

/*
 * What a job is to do. Fill it by chunkimg_options_init, then by hand or by
 * chunkimg_option_set with chunkimg_job_options(). Every pointer is borrowed
 * until chunkimg_close. Ranges and defaults are those of the option rows.
 */
typedef struct chunkimg_options {
    size_t struct_size; /* sizeof (chunkimg_options); set before any call */
    const char *input;  /* a file, "-": standard input, or an http(s) address */
    const chunkimg_body *body; /* what was downloaded from that address; NULL: chunkimg_open downloads it */
    const char *output; /* a folder, FILE.png, FILE.jpg, "none"; NULL: STEM_tiles/ beside the input's name */
    chunkimg_pair tiles;     /* a: number of tiles, or a x b: columns x rows; 0: by tile_size */
    chunkimg_pair tile_size; /* pixels; b 0: square */
    int64_t overlap;         /* pixels shared with each neighbour */
    int edge;                /* chunkimg_edge */
    chunkimg_list ops;       /* "blur=2", in the order they run */
    int border;              /* chunkimg_border: what they read beyond the image */
    const char *mode;        /* name of an executor, or "auto" */
    int64_t workers;         /* 0: CHUNKIMG_WORKERS, OMP_NUM_THREADS, else the CPUs this process may use */
    const char *format;      /* codec of the tiles; NULL: the input's, or what output's suffix says */
    int64_t quality;         /* JPEG, 1..100 */
    int64_t compression;     /* PNG, 0..9 */
    bool lossless;           /* JPEG tiles of the input's own coefficients; needs borders on its MCUs, allows no ops */
    const char *name;        /* template of the tile files */
    bool force;              /* replace an output that exists */
    bool resume;             /* go on with what an earlier run of the same work left; tiles only */
    bool fsync;              /* the output survives a loss of power */
    int on_error;            /* chunkimg_on_error: what a tile that fails does to the others */
    uint64_t max_memory;     /* bytes the plan may need */
    int64_t max_pixels;      /* pixels the input may have */
    int64_t max_scans;       /* scans a progressive JPEG may have: each goes over the whole image */
    int64_t timeout;         /* seconds to connect to a server, and that it may be silent */
    uint64_t max_download;   /* bytes that an address may deliver */
    const char *trace;       /* not NULL: events are recorded; the file is for whoever calls chunkimg_job_events to write */
    struct chunkimg_downloads *downloads; /* async: others that go on while the job runs, on its loop; NULL: none */

    /* Of some modes only: chunkimg_mode says which. Set, and not honoured by the mode: CHUNKIMG_USAGE. */
    int64_t async_pool;      /* async: threads of the loop's pool that carry tickets; 0: the loop itself */
    double gil_interval;     /* gil: ms a waiter waits before it asks for the lock */
    int64_t gil_release;     /* gil: percent of native kernels that run without the lock */
    const char *schedule;    /* how tiles are handed out: "static", "dynamic", "guided", with a chunk "guided,4"; NULL: as they come */
    bool pin;                /* bind each worker to one CPU of the affinity mask */
    int64_t processes;       /* of the mode hybrid; 0: by workers and threads */
    int64_t threads;         /* in each process of the mode hybrid; 0: by workers and processes */
    int start;               /* chunkimg_start: how worker processes come to be */
    const char *worker_program; /* that is run for start other than fork; NULL: this one. See chunkimg_worker_main */
    int ipc;                 /* chunkimg_ipc: how pixels come to worker processes */
    int sandbox;             /* chunkimg_sandbox: whether worker processes give up what they do not need */
    double tile_timeout;     /* seconds after which a process that is still at one tile is stuck; 0: never */
} chunkimg_options;

CHUNKIMG_API void chunkimg_options_init(chunkimg_options *options);
CHUNKIMG_API const chunkimg_option *chunkimg_job_options(void);

/*
 * For a comparison of several modes. CHUNKIMG_USAGE with a sentence where an
 * option differs from its default that belongs to some modes and none of
 * these honours it. "auto" is a mode that honours what any mode does.
 */
CHUNKIMG_API chunkimg_status chunkimg_options_check_modes(const chunkimg_options *options, const char *const *modes,
                                                          size_t count, chunkimg_error *err);

/* Sets options->mode, and every option that belongs to other modes only back to its default. */
CHUNKIMG_API void chunkimg_options_for_mode(chunkimg_options *options, const char *mode);

/* ---- what is built in ------------------------------------------------- */

typedef enum chunkimg_kind { CHUNKIMG_MODES, CHUNKIMG_OPS, CHUNKIMG_CODECS, CHUNKIMG_SINKS } chunkimg_kind;

/* What a mode is, for the table that sets all of them side by side. A few words each. */
typedef struct chunkimg_mode {
    const char *unit;           /* of execution: "a pthread" */
    const char *memory;         /* what workers share, what is copied */
    const char *lock;           /* what a global lock would do to it */
    const char *strength, *weakness, *suits;
    const char *const *options; /* names of rows of chunkimg_job_options that it honours and some modes do not; ends with NULL */
    const char *missing;        /* the library it lacks in this build; NULL: it can be used */
} chunkimg_mode;

typedef struct chunkimg_module {
    const char *name;
    const char *summary;            /* one line */
    const char *details;            /* formula, standard followed; how to read a mode's figures; NULL: none */
    const chunkimg_option *options; /* rows of its arguments, in order; NULL: none */
    const chunkimg_mode *mode;      /* of CHUNKIMG_MODES; else NULL */
} chunkimg_module;

/* Member `index` of a kind; false past the end. Any thread. */
CHUNKIMG_API bool chunkimg_module_at(chunkimg_kind kind, size_t index, chunkimg_module *out);

/* By which rules the mode "auto" chooses. A paragraph. */
CHUNKIMG_API const char *chunkimg_auto_details(void);

/* "0.1.0" */
CHUNKIMG_API const char *chunkimg_version(void);

/* The libraries of this build, "libpng 1.6.39, libjpeg-turbo 2.1.5, ..., without ISA-L", into to[0..size). Returns to. */
CHUNKIMG_API char *chunkimg_build_info(char *to, size_t size);

/* CPUs this process may really use: affinity, and the cgroup's quota rounded up. At least 1. */
CHUNKIMG_API unsigned chunkimg_cpus(void);

/* ---- jobs ------------------------------------------------------------- */

typedef struct chunkimg_job chunkimg_job;

/* What will be done, fixed before anything large is allocated. */
typedef struct chunkimg_plan {
    const char *input, *output;    /* as resolved; output NULL: none */
    const char *input_format, *output_format; /* codec names; output_format NULL: nothing is encoded */
    const char *mode, *mode_reason;/* the executor; why, where "auto" chose it (else NULL) */
    const char *sink;
    bool lossless;                 /* tiles hold the input's own coefficients */
    const char *ops;               /* "copy" or "blur=2, sobel" */
    const char *border;            /* what operations read beyond the image */
    const char *note;              /* "asked 62, made 63 (9x7)"; NULL: nothing to say */
    uint64_t input_bytes;          /* of the file; 0: not known (a pipe) */
    int32_t width, height;         /* of the input, upright, pixels */
    int32_t out_width, out_height; /* of the output */
    int channels, depth;           /* of the input: 1..4, 8 or 16 bit */
    int out_channels, out_depth;
    uint64_t tiles;
    int32_t columns, rows;
    int32_t tile_width, tile_height; /* nominal, without overlap, pixels */
    int32_t overlap;                 /* pixels */
    unsigned workers;
    const char *sandbox;         /* what will hold worker processes, "seccomp, Landlock", or why nothing does; NULL: there are none */
    unsigned processes;          /* that the workers are spread over; 0: none but the caller's */
    uint64_t memory_bytes;       /* the sum of the next ones: the most this run may need */
    uint64_t band_bytes;         /* decoded rows in flight */
    uint64_t slot_bytes;         /* finished tiles waiting for the sink */
    uint64_t worker_bytes;       /* scratch and encoders, all workers */
    uint64_t codec_bytes;        /* the decoder's own state, whole images where the format asks for them */
    uint64_t body_bytes;         /* the downloaded input, where it lies in memory and not on a disk */
    uint64_t base_bytes;         /* program and libraries */
} chunkimg_plan;

enum { CHUNKIMG_STAGE_READ, CHUNKIMG_STAGE_DECODE, CHUNKIMG_STAGE_PROCESS, CHUNKIMG_STAGE_ENCODE, CHUNKIMG_STAGE_WRITE,
       CHUNKIMG_STAGE_WAIT, CHUNKIMG_STAGES };

CHUNKIMG_API const char *chunkimg_stage_name(unsigned stage);

/* A count that the mode or the system does not tell; a time that is not known is negative. */
#define CHUNKIMG_UNKNOWN UINT64_MAX

/* How one worker spent the parallel region, seconds. The three add up to it. */
typedef struct chunkimg_worker {
    double busy_s;    /* carrying tickets, without waits for a global lock */
    double waiting_s; /* between its first and its last ticket: for one to come, for a global lock */
    double idle_s;    /* before the first and after the last */
    uint64_t tickets;
} chunkimg_worker;

enum { CHUNKIMG_WORKERS_SHOWN = 32 };

/* What was done and what it took. Times in seconds. */
typedef struct chunkimg_result {
    double wall_s;              /* from the first ticket's preparation to the output's final name */
    double startup_s;           /* open: header, plan */
    double region_s;            /* of wall_s, the part that workers share: spawn to teardown */
    double spawn_s;             /* until every worker was ready */
    double teardown_s;          /* from the last ticket's end until every worker was gone */
    double first_tile_s;        /* from the run's start until a tile was finished; negative: none was */
    double stage_s[CHUNKIMG_STAGES]; /* busy seconds, all workers; wait: idle seconds */
    double digest_s;            /* of the stage process: checksums of the pixels */
    double user_s, sys_s;       /* CPU time of all threads and processes of the run */
    uint64_t voluntary_switches, involuntary_switches;
    uint64_t minor_faults, major_faults;
    uint64_t peak_memory_bytes; /* resident; processes: sum of proportional set sizes */
    uint64_t tiles_written;     /* files, 0 where the output is one image or none */
    uint64_t tiles_kept;        /* of those, found from an earlier run and not made again */
    uint64_t tiles_failed;      /* left out: on_error allowed it */
    uint64_t tiles_done;
    uint64_t output_bytes;
    uint32_t digest;            /* CRC-32 of the output's pixels (lossless: coefficients) in raster order, any tiling */
    unsigned workers;           /* that really ran */
    bool confined;              /* every worker process gave up what it did not need, as the plan says */
    unsigned workers_replaced;  /* processes that died, and others went on in their place */

    /* What workers cost each other. */
    uint64_t lock_acquisitions;  /* of locks that workers share, the global one included */
    double lock_wait_s;          /* all workers */
    uint64_t lock_requests;      /* a global lock: times that a waiter's interval ran out */
    uint64_t lock_forced;        /* a global lock: hand-overs that were forced so; both CHUNKIMG_UNKNOWN without such a lock */
    double queue_wait_s;         /* waiting for a ticket, between the first and the last, all workers */
    uint64_t loop_turns;         /* of an event loop; CHUNKIMG_UNKNOWN and negative times where there is none */
    double loop_mean_s, loop_worst_s; /* a turn of it without its sleep: how long an event has to wait */
    uint64_t bytes_copied;       /* between workers */
    uint64_t bytes_by_reference; /* read where another ticket had written them */
    uint64_t migrations;         /* of workers from CPU to CPU */
    uint64_t rss_bytes;          /* sum over all processes; pages that several map are counted in each */
    uint64_t pss_bytes;          /* the same with shared pages divided; not known where the run is too short to look */
    double imbalance;            /* most busy worker / mean - 1 */
    chunkimg_worker worker[CHUNKIMG_WORKERS_SHOWN]; /* the first of them */
} chunkimg_result;

/* Counts that move while a job runs. */
typedef struct chunkimg_progress {
    uint64_t tiles_done, tiles;
    int32_t rows_decoded, rows;
    double elapsed_s;
} chunkimg_progress;

/*
 * Called about every 50 ms, by one thread at a time: the one that called chunkimg_run or a worker thread of the job,
 * never another process. A non-zero return stops the job: CHUNKIMG_INTERRUPTED.
 */
typedef int (*chunkimg_tick)(void *user, const chunkimg_progress *progress);

/* A thing worth telling the user that is not a failure. Called during open, by its thread. */
typedef void (*chunkimg_warn)(void *user, const char *text);

/*
 * Reads the input's header and fixes the plan. On success *out is a job to be
 * closed by chunkimg_close; on failure *out is NULL and err says why.
 * Nothing is written and nothing large is allocated.
 */
CHUNKIMG_API chunkimg_status chunkimg_open(const chunkimg_options *options, chunkimg_job **out, chunkimg_error *err);

/* The same, with a place for warnings. warn may be NULL. */
CHUNKIMG_API chunkimg_status chunkimg_open_warn(const chunkimg_options *options, chunkimg_warn warn, void *user,
                                                chunkimg_job **out, chunkimg_error *err);

CHUNKIMG_API const chunkimg_plan *chunkimg_job_plan(const chunkimg_job *job);

/* tick may be NULL. */
CHUNKIMG_API void chunkimg_on_tick(chunkimg_job *job, chunkimg_tick tick, void *user);

/*
 * Runs the job once. CHUNKIMG_OK: every promised tile exists under its final
 * name. CHUNKIMG_PARTIAL: all but those that failed, as on_error allows; the
 * manifest lists them. Anything else: nothing is left under a final name. A job that has run
 * cannot be run again.
 */
CHUNKIMG_API chunkimg_status chunkimg_run(chunkimg_job *job, chunkimg_error *err);

/*
 * For programs whose jobs start worker processes by CHUNKIMG_START_SPAWN or
 * CHUNKIMG_START_FORKSERVER: those run the program's file again (or the option
 * worker_program's), and it must call this first thing in main. False: the
 * arguments are the program's own; go on. True: this was a worker, which has
 * ended: return *code from main.
 */
CHUNKIMG_API bool chunkimg_worker_main(int argc, char **argv, int *code);

/* Valid after chunkimg_run, until chunkimg_close. */
CHUNKIMG_API const chunkimg_result *chunkimg_job_result(const chunkimg_job *job);

/* ---- traces ------------------------------------------------------------- */

enum { CHUNKIMG_EVENT_FILL,  /* the next rows were decoded */
       CHUNKIMG_EVENT_TILE,  /* a tile was made, encoded and, where tiles are files, written */
       CHUNKIMG_EVENT_DRAIN, /* a tile was handed to the sink */
       CHUNKIMG_EVENT_COUNTS /* no span: what was waiting at that moment */ };

/* What a worker did, or what was counted. Times in nanoseconds since the run began. */
typedef struct chunkimg_event {
    uint64_t begin_ns, end_ns;
    uint64_t index;       /* FILL: which, from 0; TILE, DRAIN: the tile */
    uint64_t after;       /* TILE: the FILL that decoded the last row it reads; CHUNKIMG_UNKNOWN: no such FILL */
    uint64_t nbytes;      /* FILL: of rows; TILE, DRAIN: of the encoded tile; COUNTS: of rows and slots in use */
    uint32_t kind;        /* CHUNKIMG_EVENT_... */
    uint32_t worker;      /* 0 .. workers; the last is the supervisor of processes */
    int32_t col, row;     /* of the tile, or -1; FILL: row is the first row, pixels */
    int32_t rows;         /* FILL: how many */
    uint32_t ready;       /* COUNTS: tiles that could be begun and are in nobody's hands */
    uint32_t free_slots;  /* COUNTS */
    uint32_t stage_us[5]; /* microseconds in each stage up to CHUNKIMG_STAGE_WRITE */
} chunkimg_event;

/*
 * What happened, by time of begin; valid until chunkimg_close. Without
 * options.trace there is nothing. *lost: older events that found no room any
 * more. NULL where *count is 0.
 */
CHUNKIMG_API const chunkimg_event *chunkimg_job_events(const chunkimg_job *job, size_t *count, uint64_t *lost);

/* Frees the job and clears the pointer. NULL and a pointer to NULL are fine. */
CHUNKIMG_API void chunkimg_close(chunkimg_job **job);

/*
 * For programs in other languages, which cannot read this header: where the
 * figures of a chunkimg_plan and of a chunkimg_result lie. A table ends with a
 * name that is NULL. (Options need none: chunkimg_options_init writes the
 * struct's own size into its first member, `input` follows, and
 * chunkimg_option_set sets the rest by name.)
 */
typedef struct chunkimg_field {
    const char *name;
    size_t offset, nbytes;
    char kind; /* 'f' double, 'u' unsigned, 'i' signed, 't' const char *; an array of them where nbytes says so */
} chunkimg_field;

CHUNKIMG_API const chunkimg_field *chunkimg_plan_fields(void);
CHUNKIMG_API const chunkimg_field *chunkimg_result_fields(void);

/* ---- inputs over the network --------------------------------------------- */

/* Whether an input is an address (SCHEME://...); a file of such a name is given as ./NAME. */
CHUNKIMG_API bool chunkimg_is_address(const char *input);

/* An input as messages show it: escaped, an address without user and password. Into to[0..size). Returns to. */
CHUNKIMG_API char *chunkimg_shown(const char *input, char *to, size_t size);

/*
 * What {stem} stands for, and the folder STEM_tiles is called by: the input's
 * last part without its suffix; of an address its path's last segment, made
 * safe; "stdin". Into to[0..size). Returns to.
 */
CHUNKIMG_API char *chunkimg_stem(const char *input, char *to, size_t size);

/* Whether an output's name says that it is one image, by its suffix. */
CHUNKIMG_API bool chunkimg_is_image(const char *output);

/*
 * Downloads, each with its own outcome. Only http and https, also after a
 * redirect; certificates are verified. Who waits for servers goes by the mode:
 * each worker of it blocks for one download after another, inside
 * chunkimg_downloads_next, which starts these workers and ends them; an event
 * loop (async) has all of them going at once, moved along by whoever calls
 * chunkimg_downloads_next or chunkimg_downloads_turn.
 */
typedef struct chunkimg_downloads chunkimg_downloads;

/* One that has finished. */
typedef struct chunkimg_download {
    size_t index;        /* of its address */
    chunkimg_body *body; /* the receiver's; NULL: it failed, and err says why */
    const char *name;    /* the address as it may be shown; until chunkimg_downloads_close */
    uint64_t nbytes;
    double seconds;      /* since it was begun */
    chunkimg_error err;
} chunkimg_download;

/*
 * options: timeout, max_download, mode and the options that make its workers
 * count; in the mode async a job that is given the downloads as its option
 * `downloads` moves them along on its own loop. In the mode "processes" it
 * forks, see above.
 * here: this process starts no worker for it (because it will fork, or holds
 * what a worker must not have): the calling thread has as many going at once
 * as the mode has workers. So it is with "auto", and where workers are not
 * forked, too.
 * Addresses are copied. CHUNKIMG_USAGE: one is not http or https.
 */
CHUNKIMG_API chunkimg_status chunkimg_downloads_open(const chunkimg_options *options, const char *const *addresses,
                                                     size_t count, bool here, chunkimg_downloads **out, chunkimg_error *err);

/*
 * While workers load: called about every 50 ms, as by a job, and counts inputs as tiles; a non-zero return has all that is
 * not loaded fail with CHUNKIMG_INTERRUPTED. tick may be NULL.
 */
CHUNKIMG_API void chunkimg_downloads_on_tick(chunkimg_downloads *downloads, chunkimg_tick tick, void *user);

/*
 * The next that has finished, in the order of finishing. 1: *out is set. 0:
 * none has, after wait_s seconds (0: what can be moved without waiting is
 * moved); workers take as long as they need. -1: all were given out.
 */
CHUNKIMG_API int chunkimg_downloads_next(chunkimg_downloads *downloads, double wait_s, chunkimg_download *out);

/* Moves what has begun as far as it goes without waiting: to be called while something else is done, not at the same time. */
CHUNKIMG_API void chunkimg_downloads_turn(chunkimg_downloads *downloads);

/* What is not finished is dropped. Bodies that were given out stay. NULL and a pointer to NULL are fine. */
CHUNKIMG_API void chunkimg_downloads_close(chunkimg_downloads **downloads);

/*
 * A path by which this process, and those that it forks, can open what was
 * downloaded, as often as they like, until it is freed. Into to[0..size).
 * Returns to.
 */
CHUNKIMG_API char *chunkimg_body_path(const chunkimg_body *body, char *to, size_t size);

/* A body must stay until the jobs that read it have run, or were closed. */
CHUNKIMG_API void chunkimg_body_free(chunkimg_body **body);

/* ---- many inputs ----------------------------------------------------------- */

/* One of them: what it has for itself. As in chunkimg_options. */
typedef struct chunkimg_item {
    const char *input, *output;
    const chunkimg_body *body;
} chunkimg_item;

/* What became of it. Holds its own texts: do not copy it. */
typedef struct chunkimg_item_result {
    chunkimg_error err;     /* status CHUNKIMG_OK, or why not */
    chunkimg_plan plan;     /* input NULL: it failed before there was one */
    chunkimg_result result;
    char input[256], output[512], ops[256], note[96];
} chunkimg_item_result;

/* Whether it is a file so small that a worker had better carry it whole. */
CHUNKIMG_API bool chunkimg_is_small(const char *input);

/*
 * The mode whose workers had better carry so many small inputs whole, side by
 * side, than share each of them: options->mode or what "auto" chooses. NULL:
 * none; they are too few, there is one worker, or the mode is not made for it.
 */
CHUNKIMG_API const char *chunkimg_each_mode(const chunkimg_options *options, size_t count);

/*
 * Runs every item as a job of its own with these options, each by one worker.
 * An item that fails has its error in its result, and stops no other.
 * CHUNKIMG_OK: every item was tried. In the mode "processes" it forks, see above.
 * tick counts inputs as tiles; items that it interrupts say so.
 */
CHUNKIMG_API chunkimg_status chunkimg_run_each(const chunkimg_options *options, const chunkimg_item *items, size_t count,
                                               chunkimg_tick tick, void *user, chunkimg_item_result *results,
                                               chunkimg_error *err);

/* ---- finished folders --------------------------------------------------- */

/* What a folder of tiles holds against what its manifest promises. */
typedef struct chunkimg_verdict {
    uint64_t promised;   /* tiles of the plan; the next ones add up to it */
    uint64_t whole;      /* of the size and the CRC-32 that were written */
    uint64_t missing, resized, changed, unreadable;
    uint64_t failed;     /* left out when the folder was written, and listed */
    uint64_t nbytes;     /* of whole tiles */
} chunkimg_verdict;

/* A tile that is not whole: "FOLDER: FILE", and what is wrong. Both are printable as they are, during the call only. */
typedef void (*chunkimg_flaw)(void *user, const char *file, const char *what);

/*
 * Reads every file that the manifest names. `path`: the folder, or its
 * manifest. CHUNKIMG_OK: every promised tile is whole. CHUNKIMG_PARTIAL: all
 * but those that were left out. CHUNKIMG_BAD_INPUT: tiles are missing or
 * different, or the manifest is damaged. flaw may be NULL. Any thread.
 */
CHUNKIMG_API chunkimg_status chunkimg_verify(const char *path, chunkimg_flaw flaw, void *user, chunkimg_verdict *verdict,
                                             chunkimg_error *err);

#ifdef __cplusplus
}
#endif
#endif
