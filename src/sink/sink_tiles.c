/*
 * A folder of tile files and, as the last file to be finished, manifest.json.
 * Workers write the tiles; at home the manifest and the journal grow.
 *
 * With `resume` what an earlier run left is gone on with: the staging folder
 * of one that was killed, by its journal, or a finished folder that lost files
 * since, by its manifest. Either is believed only where the work is the same,
 * and each tile only where its size and its CRC-32 still agree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "os/outdir.h"
#include "os/stored.h"
#include "sink/journal.h"
#include "sink/manifest.h"
#include "sink/template.h"

typedef struct state {
    const ck_sink_config *config;
    ck_outdir *dir;
    ck_manifest_writer manifest;
    ck_journal journal;
    char *work;    /* what the work is, as text */
    ck_kept *kept; /* per tile; NULL: nothing is resumed */
    uint64_t files, nbytes;
    bool taken;    /* the staging folder is an earlier run's: a failure is no reason to throw its tiles away */
    bool finished; /* accepted or skipped to the end: a failure now is no reason to keep the staging folder */
} state;

static ck_status name_of(const ck_sink_config *c, const ck_tile *tile, char to[CK_NAME_MOST], ck_error *err)
{
    return ck_template_name(c->name, c->stem, c->suffix, tile, to, err);
}

static char *work_text(const ck_sink_config *config)
{
    json_t *work = ck_manifest_work(config);
    char *text = ck_json_text(work, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(work);
    return text;
}

/* ---- what an earlier run left ------------------------------------------------- */

/* The finished folder at the output's path, or -1. */
static int open_target(const ck_sink_config *c)
{
    return open(c->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool same_work(const ck_manifest *m, const ck_sink_config *c)
{
    json_t *wanted = ck_manifest_work(c), *found = json_object();
    const char *key;
    json_t *value;
    bool same = wanted && found;

    json_object_foreach(wanted, key, value)
        same = same && !json_object_set(found, key, json_object_get(m->root, key));
    same = same && json_equal(wanted, found);
    json_decref(wanted);
    json_decref(found);
    return same;
}

/* Before anything is decoded: a finished folder of other work is not what `resume` goes on with. */
static ck_status check_target(const ck_sink_config *c, ck_error *err)
{
    char shown[200];
    int dir = open_target(c);
    ck_manifest m;
    ck_status status = CK_OK;

    if (dir < 0)
        return CK_OK;
    ck_text_escape(shown, sizeof shown, c->path);
    if (!faccessat(dir, CK_MANIFEST_NAME, F_OK, AT_SYMLINK_NOFOLLOW)) {
        status = ck_manifest_read(dir, CK_MANIFEST_NAME, shown, &m, err);
        if (!status && !same_work(&m, c))
            status = ck_fail(err, CHUNKIMG_SYSTEM,
                             "%s: holds the tiles of other work (its source, plan or options differ), which cannot be "
                             "resumed; --force replaces it", shown);
        ck_manifest_close(&m);
    }
    close(dir);
    return status;
}

static bool journal_fits(void *user, int dir)
{
    const state *s = user;

    return ck_journal_read(dir, s->work, NULL, 0, NULL);
}

/* Believes a kept tile only if its file is still whole. */
static bool still_whole(const state *s, int dir, const char *name, uint64_t index)
{
    const ck_outcome *o = &s->kept[index].outcome;
    uint64_t got;
    int why;

    return s->kept[index].is && ck_stored_check(dir, name, o->nbytes, o->crc, &got, &why) == CK_STORED_WHOLE;
}

/* The journal said what may be there; now each file is looked at, and those that will be made again are removed. */
static ck_status check_kept(state *s, ck_error *err)
{
    for (uint64_t i = 0; i < s->config->plan->tiles; i++) {
        ck_tile tile = ck_grid_tile(s->config->grid, i);
        char name[CK_NAME_MOST];
        ck_status status = name_of(s->config, &tile, name, err);

        if (status)
            return status;
        s->kept[i].is = still_whole(s, ck_outdir_fd(s->dir), name, i);
        if (!s->kept[i].is)
            ck_outdir_remove(s->dir, name);
    }
    ck_outdir_remove(s->dir, CK_MANIFEST_NAME);
    return CK_OK;
}

static ck_status take_leftover(state *s, ck_error *err)
{
    uint64_t end = 0;
    ck_status status;

    if (!ck_journal_read(ck_outdir_fd(s->dir), s->work, s->kept, s->config->plan->tiles, &end))
        return ck_fail(err, CHUNKIMG_SYSTEM, "the journal of the run to resume changed while it was read");
    status = check_kept(s, err);
    return status ? status : ck_journal_continue(&s->journal, ck_outdir_fd(s->dir), s->config->path, end, err);
}

/* One tile of a finished folder, believed only under the name that it has by this plan. */
static ck_status take_one(state *s, int dir, const ck_manifest_tile *found, ck_error *err)
{
    uint64_t index = (uint64_t)found->row * (uint64_t)s->config->grid->columns + (uint64_t)found->col;
    ck_tile tile = ck_grid_tile(s->config->grid, index);
    char name[CK_NAME_MOST];
    ck_status status = name_of(s->config, &tile, name, err);

    if (status || strcmp(name, found->file) != 0)
        return status;
    s->kept[index] = (ck_kept){true, {.nbytes = found->nbytes, .crc = found->crc, .digest = found->digest}};
    s->kept[index].is = still_whole(s, dir, name, index) && ck_outdir_link(s->dir, dir, name);
    return s->kept[index].is ? ck_journal_add(&s->journal, index, &s->kept[index].outcome, err) : CK_OK;
}

/* Tiles of a finished folder get their names in the new one as well. */
static ck_status take_finished(state *s, ck_error *err)
{
    int dir = open_target(s->config);
    ck_manifest_tile found;
    ck_manifest m = {0};
    ck_status status = ck_journal_begin(&s->journal, ck_outdir_fd(s->dir), s->config->path, s->work, err);

    /* It was looked at before anything was decoded; what it holds may be another's since. */
    if (!status && dir >= 0 && !ck_manifest_read(dir, CK_MANIFEST_NAME, "", &m, NULL) && same_work(&m, s->config))
        for (size_t i = 0; i < m.tiles && !status; i++) {
            ck_manifest_tile_at(&m, i, &found);
            status = take_one(s, dir, &found, err);
        }
    ck_manifest_close(&m);
    if (dir >= 0)
        close(dir);
    return status;
}

static ck_status open_resumed(state *s, ck_error *err)
{
    const ck_sink_config *c = s->config;
    ck_status status;
    int target;

    s->kept = calloc(c->plan->tiles, sizeof *s->kept);
    if (!s->kept)
        return ck_fail_memory(err, c->plan->tiles * sizeof *s->kept, "looking for what to resume");
    target = open_target(c);
    if (target >= 0)
        close(target);
    status = ck_outdir_resume(c->path, target >= 0, journal_fits, s, &s->dir, &s->taken, err);
    if (status)
        return status;
    return s->taken ? take_leftover(s, err) : take_finished(s, err);
}

/* ---- the sink --------------------------------------------------------------- */

static ck_status tiles_check(const ck_sink_config *c, ck_error *err)
{
    ck_status status = ck_template_check(c->name, c->stem, c->suffix, c->grid, err);

    if (!status && c->options->resume && !c->stamp)
        status = ck_fail(err, CHUNKIMG_USAGE,
                         "resume: needs an input that is named as a file; whether what comes through standard input or a "
                         "pipe is what came before, nobody can tell");
    if (!status)
        status = ck_out_check(c->path, false, c->force || c->options->resume, err);
    return status || !c->options->resume ? status : check_target(c, err);
}

static void tiles_abandon(void *st)
{
    state *s = st;

    ck_journal_drop(&s->journal);
    ck_manifest_release(&s->manifest);
    ck_outdir_abandon(&s->dir);
    free(s->work);
    free(s->kept);
    s->work = NULL;
    s->kept = NULL;
}

/* A run with `resume` that is stopped leaves its finished tiles to the next one. */
static void tiles_stop(void *st)
{
    state *s = st;
    ck_error ignored;

    if (s->config->options->resume && !s->finished && (s->files || s->taken) && !ck_journal_end(&s->journal, &ignored))
        ck_outdir_leave(&s->dir);
    tiles_abandon(s);
}

static ck_status tiles_open(void *st, const ck_sink_config *config, ck_error *err)
{
    state *s = st;
    ck_status status;

    *s = (state){.config = config, .journal = {.file = -1}, .work = work_text(config)};
    if (!s->work)
        return ck_fail_memory(err, 0, "opening the output");
    if (config->options->resume) {
        status = open_resumed(s, err);
    } else {
        status = ck_outdir_open(config->path, config->force, &s->dir, err);
        if (!status && config->stamp)
            status = ck_journal_begin(&s->journal, ck_outdir_fd(s->dir), s->config->path, s->work, err);
    }
    if (!status && config->options->fsync)
        ck_outdir_sync(s->dir);
    if (!status)
        status = ck_manifest_begin(&s->manifest, config, s->dir, err);
    if (status && s->taken)
        ck_outdir_leave(&s->dir);
    if (status)
        tiles_abandon(s);
    return status;
}

static ck_status tiles_store(void *st, const ck_tile *tile, int file, const void *bytes, size_t nbytes, ck_error *err)
{
    const state *s = st;
    char name[CK_NAME_MOST];
    ck_status status = name_of(s->config, tile, name, err);

    if (file < 0)
        return status ? status : ck_outdir_put(s->dir, name, bytes, nbytes, err);
    if (!status)
        return ck_outdir_fill(s->dir, name, file, bytes, nbytes, err);
    close(file);
    return status;
}

static ck_status tiles_make(void *st, const ck_tile *tile, int *file, int *why, ck_error *err)
{
    const state *s = st;
    char name[CK_NAME_MOST];
    ck_status status = name_of(s->config, tile, name, err);

    *file = -1;
    *why = 0;
    return status ? status : ck_outdir_make(s->dir, name, file, why, err);
}

static void tiles_unstore(void *st, const ck_tile *tile)
{
    const state *s = st;
    char name[CK_NAME_MOST];
    ck_error ignored;

    if (!name_of(s->config, tile, name, &ignored))
        ck_outdir_remove(s->dir, name);
}

static void tiles_through(void *st, const ck_writer *writer)
{
    state *s = st;

    ck_outdir_through(s->dir, writer);
    ck_journal_through(&s->journal, writer ? s->dir : NULL);
}

static ck_status tiles_join(void *st, const ck_sink_config *config, ck_error *err)
{
    state *s = st;
    ck_status status;

    *s = (state){.config = config, .journal = {.file = -1}};
    status = ck_outdir_join(config->path, &s->dir, err);
    if (!status && config->options->fsync)
        ck_outdir_sync(s->dir);
    return status;
}

static bool tiles_kept(const void *st, uint64_t index, ck_outcome *outcome)
{
    const state *s = st;

    if (!s->kept || !s->kept[index].is)
        return false;
    *outcome = s->kept[index].outcome;
    return true;
}

static ck_status tiles_accept(void *st, const ck_tile *tile, const ck_outcome *outcome, const void *bytes, ck_error *err)
{
    state *s = st;
    char name[CK_NAME_MOST];
    ck_status status = name_of(s->config, tile, name, err);

    (void)bytes;
    if (!status && !(s->kept && s->kept[tile->index].is))
        status = ck_journal_add(&s->journal, tile->index, outcome, err);
    if (status)
        return status;
    s->files++;
    s->nbytes += outcome->nbytes;
    return ck_manifest_add(&s->manifest, tile, name, outcome, err);
}

static ck_status tiles_skip(void *st, const ck_tile *tile, const ck_error *why, ck_error *err)
{
    state *s = st;
    char name[CK_NAME_MOST];
    ck_status status = name_of(s->config, tile, name, err);

    if (!status)
        ck_outdir_remove(s->dir, name); /* the failure may have been in writing it */
    return status ? status : ck_manifest_add_failed(&s->manifest, tile, why, err);
}

static ck_status tiles_finish(void *st, uint64_t *files, uint64_t *nbytes, ck_error *err)
{
    state *s = st;
    ck_status status = ck_manifest_end(&s->manifest, err);

    s->finished = true;
    *files = s->files;
    *nbytes = s->nbytes;
    ck_journal_drop(&s->journal);
    if (!status) {
        ck_outdir_remove(s->dir, CK_JOURNAL_NAME);
        status = ck_outdir_publish(&s->dir, err);
    }
    tiles_abandon(s); /* what is left after publishing: memory */
    return status;
}

const ck_sink ck_sink_tiles = {
    .name = "tiles",
    .summary = "a folder of tile files and their manifest.json",
    .traits = CK_SINK_ENCODES,
    .state_size = sizeof(state),
    .check = tiles_check,
    .open = tiles_open,
    .store = tiles_store,
    .make = tiles_make,
    .through = tiles_through,
    .unstore = tiles_unstore,
    .join = tiles_join,
    .kept = tiles_kept,
    .accept = tiles_accept,
    .skip = tiles_skip,
    .finish = tiles_finish,
    .abandon = tiles_stop,
};
