/*
 * Downloads by the workers of a mode: each takes an address, blocks until it
 * is loaded, and takes the next. What one brings lies in a body that was made
 * before workers were, so that processes fill it as well as threads do.
 */
#ifndef CK_PIPELINE_LOADING_H
#define CK_PIPELINE_LOADING_H

#include "exec/exec.h"
#include "os/fetch.h"

typedef struct ck_loading ck_loading;

/* Workers of the mode that the options name, for `count` addresses. 0 and a message: the options contradict each other. */
unsigned ck_loading_workers(const ck_exec *exec, const chunkimg_options *options, size_t count, ck_error *err);

/*
 * Addresses are copied; CHUNKIMG_USAGE where one is not http or https,
 * CHUNKIMG_SYSTEM where libcurl is not at hand. `fetch` is for each of them.
 */
ck_status ck_loading_open(const ck_exec *exec, const chunkimg_options *options, const char *const *addresses, size_t count,
                          const ck_fetch_config *fetch, ck_loading **out, ck_error *err);
void ck_loading_close(ck_loading **loading);

/* Called about every 50 ms by one thread at a time; non-zero: what is not loaded fails as interrupted. */
void ck_loading_on_tick(ck_loading *loading, chunkimg_tick tick, void *user);

/*
 * The next, in the order of finishing; false: all were given out. Blocks while
 * workers load as many as are held at once. Starts threads or processes, and
 * ends them.
 */
bool ck_loading_next(ck_loading *loading, ck_fetched *out);

#endif
