/* Any text as options, operations and name templates: refused in words or accepted, never a name outside the folder. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "op/chain.h"
#include "sink/template.h"

static void try_option(const chunkimg_option *row, const char *text)
{
    chunkimg_options o;
    chunkimg_error err;

    chunkimg_options_init(&o);
    if (chunkimg_option_set(chunkimg_job_options(), &o, row->name, text, &err))
        FUZZ_CHECK(err.status == CHUNKIMG_USAGE && err.text[0]);
}

static void try_chain(const char *text)
{
    chunkimg_list list = {.count = 1, .items = {text}};
    ck_shape shape = {.w = 100, .h = 100, .channels = 4, .depth = 8};
    ck_chain *chain;
    ck_error err;

    if (ck_chain_create(&list, shape, &chain, &err)) {
        FUZZ_CHECK(err.text[0]);
        return;
    }
    FUZZ_CHECK(ck_chain_halo(chain) >= 0 && ck_chain_block_rows(chain, 100, 100) >= 1);
    ck_chain_free(&chain);
}

static void try_template(const char *text)
{
    char name[CK_NAME_MOST];
    ck_grid grid;
    ck_error err;

    ck_grid_of_shape(100, 100, 3, 3, &grid, &err);
    if (ck_template_check(text, "stem", "png", &grid, &err))
        return;
    for (uint64_t i = 0; i < ck_grid_count(&grid); i++) {
        ck_tile tile = ck_grid_tile(&grid, i);

        FUZZ_CHECK(!ck_template_name(text, "stem", "png", &tile, name, &err));
        FUZZ_CHECK(name[0] && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..") && strlen(name) < CK_NAME_MOST);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = 0;
    for (const chunkimg_option *row = chunkimg_job_options(); row->name; row++)
        try_option(row, text);
    try_chain(text);
    try_template(text);
    free(text);
    return 0;
}
