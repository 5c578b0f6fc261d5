/*
 * Options that belong to some formats only. An encoder names those that it
 * honours; one that was set (differs from its default) and can have no effect
 * is refused. Where the output's format follows the input's, such an option is
 * for those of many inputs that it fits, and nothing is refused.
 */
#include <string.h>

#include "base/option.h"
#include "pipeline/job.h"

static bool honours(const ck_codec *codec, const char *option)
{
    for (const char *const *name = codec->encoder ? codec->encoder->options : NULL; name && *name; name++)
        if (!strcmp(*name, option))
            return true;
    return false;
}

/* A format that honours it; NULL: the option is no format's. */
static const ck_codec *owner(const char *option)
{
    const ck_codec *codec = NULL;

    for (size_t i = 0; (codec = ck_codec_at(i)); i++)
        if (honours(codec, option))
            break;
    return codec;
}

/* The output's format where it is certain before the input is read. Lossless tiles have that of their input. */
static const ck_codec *certain(const chunkimg_options *o)
{
    const ck_codec *by_path = ck_codec_of_path(o->output);

    return by_path ? by_path : o->format ? ck_codec_find(o->format) : NULL;
}

ck_status ck_formats_check_options(const chunkimg_options *o, ck_error *err)
{
    const ck_codec *output = certain(o), *of;

    if (!output && !o->lossless)
        return CK_OK;
    for (const chunkimg_option *row = chunkimg_job_options(); row->name; row++) {
        if (ck_option_is_default(row, o) || !(of = owner(row->name)))
            continue;
        if (o->lossless)
            return ck_fail(err, CHUNKIMG_USAGE, "%s: has no effect on lossless tiles, which keep the data of their image",
                           row->name);
        if (!honours(output, row->name))
            return ck_fail(err, CHUNKIMG_USAGE, "%s: is for %s; the output is %s", row->name, of->name, output->name);
    }
    return CK_OK;
}
