#include "op/loaded.h"

#include <string.h>

#include "base/text.h"
#include "os/library.h"

#define SYMBOL "chunkimg_op_here"

bool ck_op_is_file(const char *name)
{
    size_t n = strlen(name);

    return strchr(name, '/') || (n > 3 && !strcmp(name + n - 3, ".so"));
}

/* What is wrong with the struct, or NULL. */
static const char *flaw(const ck_op *op)
{
    const chunkimg_option *row = op->options;

    if (!op->name || !op->summary || !op->details)
        return "its operation has no name, summary or details";
    if (!op->apply && !op->apply_at && !(op->traits & CK_OP_WINDOW))
        return "its operation has neither apply nor apply_at";
    if (!op->need != !op->need_most || ((op->traits & CK_OP_WINDOW) && !op->need))
        return "its operation has only one of need and need_most";
    if (op->need && (op->halo || (op->traits & CK_OP_KEEPS_ALPHA) || !(op->apply_at || (op->traits & CK_OP_WINDOW))))
        return "its operation moves pixels (need), which goes with apply_at, without a halo and without keeping alpha";
    if (op->params_size > CK_OP_PARAMS_MOST)
        return "its operation's params are too large";
    if (op->survey && (!op->survey->size || !op->survey->add || !op->survey->merge || !op->survey->end))
        return "its operation's survey is incomplete";
    if ((op->traits & CHUNKIMG_OP_ONE_TEXT) && (!row || !row->name || row->type != CHUNKIMG_TEXT))
        return "its operation takes one text but has no row for it";
    for (; row && row->name; row++)
        if (row->offset >= op->params_size || !row->value || !row->help)
            return "a row of its operation's options is incomplete";
    return NULL;
}

ck_status ck_op_load(const char *path, const ck_op **op, void **library, ck_error *err)
{
    ck_status status = ck_library_open(path, library, err);
    const chunkimg_op_file *file;
    char shown[120];

    if (status)
        return status;
    ck_text_escape(shown, sizeof shown, path);
    file = ck_library_find(*library, SYMBOL);
    if (!file)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: is no operation: it has no symbol " SYMBOL, shown);
    if (file->abi != CHUNKIMG_OP_ABI || file->op_size != sizeof(ck_op))
        return ck_fail(err, CHUNKIMG_USAGE,
                       "%s: is of operation ABI %u (%u bytes), this program takes ABI %u (%zu bytes): build it again", shown,
                       file->abi, file->op_size, CHUNKIMG_OP_ABI, sizeof(ck_op));
    if (!file->op || flaw(file->op))
        return ck_fail(err, CHUNKIMG_USAGE, "%s: %s", shown, file->op ? flaw(file->op) : "has no operation");
    *op = file->op;
    return CK_OK;
}
