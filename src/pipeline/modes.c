/*
 * Options that belong to some modes only. An executor names those that it
 * honours; one that was set (differs from its default) and that no chosen mode
 * honours is refused, and where several modes are compared, each is given its
 * own and not those of the others.
 */
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "pipeline/job.h"

static bool honours(const ck_exec *e, const char *option)
{
    for (const char *const *name = e->about.options; name && *name; name++)
        if (!strcmp(*name, option))
            return true;
    return false;
}

static bool belongs_to_modes(const char *option)
{
    const ck_exec *e;

    for (size_t i = 0; (e = ck_exec_at(i)); i++)
        if (honours(e, option))
            return true;
    return false;
}

/* The first row from *row on that belongs to modes and was set; NULL: none. */
static const chunkimg_option *next_set(const chunkimg_options *o, const chunkimg_option *row)
{
    for (; row->name; row++)
        if (belongs_to_modes(row->name) && !ck_option_is_default(row, o))
            return row;
    return NULL;
}

bool ck_mode_options_set(const chunkimg_options *options)
{
    return next_set(options, chunkimg_job_options()) != NULL;
}

bool ck_mode_fits(const ck_exec *e, const chunkimg_options *o, const char **option)
{
    for (const chunkimg_option *row = chunkimg_job_options(); (row = next_set(o, row)); row++)
        if (!honours(e, row->name)) {
            *option = row->name;
            return false;
        }
    return true;
}

static ck_status refuse(const char *option, ck_error *err)
{
    char modes[200] = "";
    size_t used = 0;
    const ck_exec *e;

    for (size_t i = 0; (e = ck_exec_at(i)) && used < sizeof modes; i++)
        if (honours(e, option))
            used += (size_t)snprintf(modes + used, sizeof modes - used, "%s%s", used ? ", " : "", e->name);
    return ck_fail(err, CHUNKIMG_USAGE, "%s: belongs to the mode%s %s", option, strchr(modes, ',') ? "s" : "", modes);
}

/* "auto" takes a mode that honours all that was set, so there must be one. */
static ck_status check_auto(const chunkimg_options *o, ck_error *err)
{
    const char *option = NULL, *other;
    const ck_exec *e;

    for (size_t i = 0; (e = ck_exec_at(i)); i++)
        if (!e->about.missing && ck_mode_fits(e, o, &option))
            return e->check ? e->check(o, err) : CK_OK;
    for (size_t i = 0; (e = ck_exec_at(i)); i++)
        if (!ck_mode_fits(e, o, &other) && strcmp(other, option) != 0)
            return ck_fail(err, CHUNKIMG_USAGE, "%s and %s: no mode honours both", other, option);
    return refuse(option, err);
}

static bool any_honours(const char *const *modes, size_t count, const char *option)
{
    for (size_t i = 0; i < count; i++) {
        const ck_exec *e = ck_exec_find(modes[i]);

        if (e ? honours(e, option) : !strcmp(modes[i], "auto"))
            return true;
    }
    return false;
}

chunkimg_status chunkimg_options_check_modes(const chunkimg_options *options, const char *const *modes, size_t count,
                                             chunkimg_error *err)
{
    chunkimg_error scratch;

    err = err ? err : &scratch;
    for (size_t i = 0; i < count; i++) {
        const ck_exec *e = ck_exec_find(modes[i]);

        if (e && e->about.missing)
            return ck_fail(err, CHUNKIMG_USAGE, "mode: %s is not in this build, which goes without %s", e->name,
                           e->about.missing);
        if (e && e->check && e->check(options, err))
            return err->status;
    }
    for (const chunkimg_option *row = chunkimg_job_options(); (row = next_set(options, row)); row++)
        if (!any_honours(modes, count, row->name))
            return refuse(row->name, err);
    return count == 1 && !strcmp(modes[0], "auto") ? check_auto(options, err) : CK_OK;
}

void chunkimg_options_for_mode(chunkimg_options *options, const char *mode)
{
    const ck_exec *e = ck_exec_find(mode);

    options->mode = mode;
    for (const chunkimg_option *row = chunkimg_job_options(); e && (row = next_set(options, row)); row++)
        if (!honours(e, row->name))
            ck_option_reset(row, options);
}
