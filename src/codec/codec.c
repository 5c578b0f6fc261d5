#include "codec/codec.h"

#include <string.h>
#include <strings.h>

#define CK_CODEC(name) extern const ck_codec ck_codec_##name;
#include "codec/codecs.def"
#undef CK_CODEC

static const ck_codec *const codecs[] = {
#define CK_CODEC(name) &ck_codec_##name,
#include "codec/codecs.def"
#undef CK_CODEC
};

enum { CODECS = sizeof codecs / sizeof *codecs };

const ck_codec *ck_codec_at(size_t i)
{
    return i < CODECS ? codecs[i] : NULL;
}

const ck_codec *ck_codec_find(const char *name)
{
    for (size_t i = 0; i < CODECS; i++)
        if (!strcmp(codecs[i]->name, name))
            return codecs[i];
    return NULL;
}

static bool has_suffix(const ck_codec *codec, const char *suffix)
{
    for (const char *const *s = codec->suffixes; *s; s++)
        if (!strcasecmp(*s, suffix))
            return true;
    return false;
}

const ck_codec *ck_codec_of_path(const char *path)
{
    const char *slash, *dot;

    if (!path)
        return NULL;
    slash = strrchr(path, '/');
    dot = strrchr(slash ? slash + 1 : path, '.');
    if (!dot)
        return NULL;
    for (size_t i = 0; i < CODECS; i++)
        if (has_suffix(codecs[i], dot + 1))
            return codecs[i];
    return NULL;
}

const ck_codec *ck_codec_sniff(const uint8_t *head, size_t nbytes)
{
    for (size_t i = 0; i < CODECS; i++)
        if (codecs[i]->decoder && codecs[i]->decoder->sniff(head, nbytes))
            return codecs[i];
    return NULL;
}
