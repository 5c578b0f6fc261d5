/* The options of a job, each born here once. */
#include <string.h>

#include "pipeline/job.h"

static const char *const on_error_choices[] = {"stop", "skip", NULL};
static const char *const border_choices[] = {"reflect", "symmetric", "replicate", "zero", NULL};
static const char *const start_choices[] = {"fork", "spawn", "forkserver", NULL};
static const char *const ipc_choices[] = {"shm", "pipe", NULL};
static const char *const sandbox_choices[] = {"auto", "require", "off", NULL};
static const char *const edge_choices[] = {"keep", "pad", "shift", "drop", NULL};

#define AT(field) offsetof(chunkimg_options, field)

static const chunkimg_option rows[] = {
    {.name = "tiles", .type = CHUNKIMG_PAIR, .offset = AT(tiles), .least = 1, .most = 100000000, .unit = "tiles",
     .value = "N|CxR", .help = "N tiles in a grid as square as the image allows, or exactly C columns by R rows"},
    {.name = "tile-size", .type = CHUNKIMG_PAIR, .offset = AT(tile_size), .least = 1, .most = 1000000, .unit = "pixels",
     .value = "N|WxH", .help = "tiles of that size; 512 where neither --tiles nor --tile-size is given"},
    {.name = "overlap", .type = CHUNKIMG_INT, .offset = AT(overlap), .least = 0, .most = 65535, .unit = "pixels",
     .fallback = "0", .value = "N", .help = "each tile's file reaches N pixels into each neighbour"},
    {.name = "edge", .type = CHUNKIMG_CHOICE, .offset = AT(edge), .choices = edge_choices, .fallback = "keep",
     .value = "WHAT", .help = "a last tile that would be smaller: keep it, pad it with zeros, shift it back, or drop it"},
    {.name = "op", .type = CHUNKIMG_LIST, .offset = AT(ops), .value = "NAME[=ARG,..]",
     .help = "an operation, exec='CMD' or ./FILE.so; may be repeated, and the chain runs in that order; none: copy"},
    {.name = "border", .type = CHUNKIMG_CHOICE, .offset = AT(border), .choices = border_choices, .fallback = "reflect",
     .value = "WHAT", .help = "what operations read beyond the image: its mirror image, without (reflect) or with (symmetric) "
                              "the edge twice, the last pixel again and again, or zeros"},
    {.name = "mode", .letter = 'm', .type = CHUNKIMG_TEXT, .offset = AT(mode), .fallback = "auto", .value = "NAME",
     .help = "who does the work; see chunkimg list modes"},
    {.name = "workers", .letter = 'j', .type = CHUNKIMG_INT, .offset = AT(workers), .least = 0, .most = 1024,
     .unit = "workers", .fallback = "0", .value = "N",
     .help = "0: CHUNKIMG_WORKERS, OMP_NUM_THREADS, else the CPUs this process may really use"},
    {.name = "output", .letter = 'o', .type = CHUNKIMG_TEXT, .offset = AT(output), .value = "PATH",
     .help = "a folder of tiles (STEM_tiles/ by default), one image where it ends in .png, .jpg or .jpeg, or none"},
    {.name = "format", .type = CHUNKIMG_TEXT, .offset = AT(format), .value = "NAME",
     .help = "how tiles are encoded: png or jpeg; by default as the input is, or as the output's name says"},
    {.name = "quality", .type = CHUNKIMG_INT, .offset = AT(quality), .least = 1, .most = 100, .fallback = "85",
     .value = "N", .help = "of JPEG"},
    {.name = "compression", .type = CHUNKIMG_INT, .offset = AT(compression), .least = 0, .most = 9, .fallback = "6",
     .value = "N", .help = "of PNG: 0 stores, 9 makes the smallest files"},
    {.name = "lossless", .type = CHUNKIMG_FLAG, .offset = AT(lossless),
     .help = "JPEG tiles of a JPEG's own coefficients, cut between its MCUs (8 or 16 pixels); a progressive file takes "
             "memory for all of them, about 3 bytes a pixel"},
    {.name = "name", .type = CHUNKIMG_TEXT, .offset = AT(name), .fallback = "{stem}_{row:03}_{col:03}.{ext}",
     .value = "TEMPLATE", .help = "of tile files: {stem} {col} {row} {x} {y} {w} {h} {index} {ext}, widths as {col:04}"},
    {.name = "force", .letter = 'f', .type = CHUNKIMG_FLAG, .offset = AT(force),
     .help = "replace an output that exists, when the new one is complete"},
    {.name = "resume", .type = CHUNKIMG_FLAG, .offset = AT(resume),
     .help = "go on with what an earlier run of the same work left: finished tiles that are still whole are not made again; "
             "a run with --resume that is stopped keeps its finished tiles for the next"},
    {.name = "fsync", .type = CHUNKIMG_FLAG, .offset = AT(fsync),
     .help = "force every file to the disk before it counts as written, so that the output survives a loss of power"},
    {.name = "on-error", .type = CHUNKIMG_CHOICE, .offset = AT(on_error), .choices = on_error_choices, .fallback = "stop",
     .value = "WHAT", .help = "a tile or an input that fails: stop, or skip it, list it in the manifest, and end with code 6"},
    {.name = "max-memory", .type = CHUNKIMG_SIZE, .offset = AT(max_memory), .least = 0, .most = 9e15, .unit = "bytes",
     .fallback = "0", .value = "SIZE", .help = "the most the plan may need; 0: three quarters of the machine's memory"},
    {.name = "trace", .type = CHUNKIMG_TEXT, .offset = AT(trace), .value = "FILE",
     .help = "a timeline of every worker for Perfetto (ui.perfetto.dev) or chrome://tracing"},
    {.name = "max-pixels", .type = CHUNKIMG_INT, .offset = AT(max_pixels), .least = 1, .most = 9e15, .unit = "pixels",
     .fallback = "2000000000", .value = "N", .help = "the largest input that is accepted"},
    {.name = "max-scans", .type = CHUNKIMG_INT, .offset = AT(max_scans), .least = 1, .most = 1000000, .unit = "scans",
     .fallback = "500", .value = "N", .help = "of a progressive JPEG, each of which goes over the whole image"},
    {.name = "async-pool", .type = CHUNKIMG_INT, .offset = AT(async_pool), .least = 0, .most = 1000, .unit = "threads",
     .fallback = "0", .value = "N", .help = "threads of the event loop's pool that carry the work; 0: the loop itself does"},
    {.name = "gil-interval", .type = CHUNKIMG_REAL, .offset = AT(gil_interval), .least = 0.001, .most = 10000, .unit = "ms",
     .fallback = "5", .value = "MS", .help = "how long a thread waits for the global lock before it asks for it"},
    {.name = "gil-release", .type = CHUNKIMG_INT, .offset = AT(gil_release), .least = 0, .most = 100, .unit = "percent",
     .fallback = "0", .value = "PCT", .help = "share of the native kernels that run without the global lock"},
    {.name = "timeout", .type = CHUNKIMG_INT, .offset = AT(timeout), .least = 1, .most = 86400, .unit = "seconds",
     .fallback = "30", .value = "SECONDS",
     .help = "an address: the longest wait for a connection, and for a server that sends less than a kilobyte a second"},
    {.name = "max-download", .type = CHUNKIMG_SIZE, .offset = AT(max_download), .least = 1, .most = 9e15, .unit = "bytes",
     .fallback = "2GiB", .value = "SIZE", .help = "an address: the most that it may deliver"},
    {.name = "schedule", .type = CHUNKIMG_TEXT, .offset = AT(schedule), .value = "KIND[,CHUNK]",
     .help = "which worker carries which tile: static, dynamic or guided, as OpenMP means them; by default whoever is free"},
    {.name = "pin", .type = CHUNKIMG_FLAG, .offset = AT(pin), .help = "bind each worker to one CPU of the affinity mask"},
    {.name = "processes", .type = CHUNKIMG_INT, .offset = AT(processes), .least = 0, .most = 1024, .unit = "processes",
     .fallback = "0", .value = "P", .help = "that run threads each; 0: the fewest, more than one, that divide the workers"},
    {.name = "threads", .type = CHUNKIMG_INT, .offset = AT(threads), .least = 0, .most = 32, .unit = "threads",
     .fallback = "0", .value = "T", .help = "in each process; 0: as many as make up the workers"},
    {.name = "start", .type = CHUNKIMG_CHOICE, .offset = AT(start), .choices = start_choices, .fallback = "fork",
     .value = "HOW", .help = "worker processes are forked, or run the program anew, or are forked by a process that did"},
    {.name = "worker-program", .type = CHUNKIMG_TEXT, .offset = AT(worker_program), .value = "PATH",
     .help = "what --start=spawn and forkserver run; by default this program"},
    {.name = "ipc", .type = CHUNKIMG_CHOICE, .offset = AT(ipc), .choices = ipc_choices, .fallback = "shm", .value = "HOW",
     .help = "pixels lie in memory that all processes share, or every tile's are copied through a socket, there and back"},
    {.name = "sandbox", .type = CHUNKIMG_CHOICE, .offset = AT(sandbox), .choices = sandbox_choices, .fallback = "auto",
     .value = "WHAT",
     .help = "worker processes open no path and start nothing: where the system can see to it, or required, or off"},
    {.name = "tile-timeout", .type = CHUNKIMG_REAL, .offset = AT(tile_timeout), .least = 0, .most = 86400,
     .unit = "seconds", .fallback = "0", .value = "SECONDS",
     .help = "a worker process that takes longer over one tile is stuck: it is ended, and the tile made again; 0: never"},
    {.name = NULL},
};

const chunkimg_option *chunkimg_job_options(void)
{
    return rows;
}

void chunkimg_options_init(chunkimg_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    chunkimg_option_defaults(rows, options);
}
