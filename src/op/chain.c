/* Making a chain, and what can be asked of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "op/chain_inside.h"

/* ---- stages ------------------------------------------------------------- */

static ck_status make_state(ck_stage *s, ck_error *err)
{
    size_t nbytes = ck_round_up(s->op->state_size, CK_CHAIN_ALIGN);

    if (!nbytes)
        return CK_OK;
    s->state = aligned_alloc(CK_CHAIN_ALIGN, nbytes);
    if (!s->state)
        return ck_fail_memory(err, nbytes, "preparing an operation");
    memset(s->state, 0, nbytes);
    return CK_OK;
}

static ck_status prepare(ck_stage *s, ck_shape in, ck_error *err)
{
    const ck_op *op = s->op;
    ck_status status = make_state(s, err);

    s->in = in;
    s->halo = op->halo ? op->halo(s->params) : 0;
    s->wide = (op->traits & CK_OP_PREMULTIPLY) && ck_has_alpha(in);
    if (!status && op->prepare)
        status = op->prepare(s->params, ck_stage_run_shape(s, in), s->state, err);
    if (!status)
        s->out = op->shape ? op->shape(s->params, in) : in;
    return status;
}

static void release(ck_stage *s)
{
    if (s->state && s->op->release)
        s->op->release(s->state);
    free(s->state);
    ck_spec_release(&s->spec);
    *s = (ck_stage){0};
}

static ck_status parse(ck_stage *s, const char *text, ck_error *err)
{
    ck_status status = ck_spec_parse(text, &s->spec, err);

    s->op = s->spec.op;
    s->params = s->spec.params;
    ck_text_escape(s->shown, sizeof s->shown, text);
    return status || !s->op->check ? status : s->op->check(s->params, err);
}

/* ---- the chain ---------------------------------------------------------- */

static void add_text(ck_chain *c, const char *text)
{
    size_t used = strlen(c->text), room = 4 * strlen(text) + 1;

    if (used) {
        strcpy(c->text + used, ", ");
        used += 2;
    }
    ck_text_escape(c->text + used, room, text);
}

/* The window moves what the next stage, or the output, sees of the last one. */
static void add_window(ck_chain *c, const ck_stage *s)
{
    ck_rect at = s->op->need(s->params, s->state, ck_shape_rect(s->out));

    c->dx += at.x;
    c->dy += at.y;
    c->out = s->out;
}

static void add_stage(ck_chain *c, const ck_stage *s)
{
    ck_stage *place = &c->stages[c->count++];

    *place = *s;
    place->params = place->spec.params;
    place->dx = c->dx;
    place->dy = c->dy;
    c->dx = c->dy = 0;
    c->out = s->out;
    c->halo = s->halo < INT32_MAX - c->halo ? c->halo + s->halo : INT32_MAX;
}

/* Appends what `text` says; "copy" adds nothing. */
static ck_status add(ck_chain *c, const char *text, ck_error *err)
{
    ck_stage s = {0};
    ck_status status = parse(&s, text, err);

    if (!status && strcmp(s.op->name, "copy") != 0) {
        add_text(c, text);
        status = prepare(&s, c->out, err);
        if (!status && !(s.op->traits & CK_OP_WINDOW)) {
            add_stage(c, &s);
            return CK_OK;
        }
        if (!status)
            add_window(c, &s);
    }
    release(&s);
    return status;
}

static bool allocate(const chunkimg_list *texts, ck_chain **out)
{
    size_t nbytes = sizeof "copy", n = texts ? texts->count : 0;
    ck_chain *c = *out = calloc(1, sizeof *c);

    for (size_t i = 0; i < n; i++)
        nbytes += 4 * strlen(texts->items[i]) + sizeof ", ";
    if (!c)
        return false;
    c->text = calloc(1, nbytes);
    c->stages = calloc(n + 1, sizeof *c->stages);
    c->before = calloc(n + 1, sizeof *c->before);
    c->survey_stage = calloc(n + 1, sizeof *c->survey_stage);
    return c->text && c->stages && c->before && c->survey_stage;
}

/* What each survey looks at: the stages before it, as they are here. */
static void find_surveys(ck_chain *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const ck_stage *s = &c->stages[i];

        if (!s->op->survey || !s->op->survey->size(s->params, s->in))
            continue;
        c->survey_stage[c->surveys] = i;
        c->before[c->surveys++] = (ck_chain){.in = c->in, .out = s->in, .dx = s->dx, .dy = s->dy, .border = c->border,
                                             .count = i, .stages = c->stages};
    }
}

ck_status ck_chain_make(const chunkimg_list *texts, ck_shape in, chunkimg_border border, ck_chain **out, ck_error *err)
{
    ck_status status = CK_OK;
    ck_chain *c;

    *out = NULL;
    if (!allocate(texts, &c)) {
        ck_chain_free(&c);
        return ck_fail_memory(err, sizeof *c, "making the chain of operations");
    }
    c->in = c->out = in;
    c->border = border;
    for (size_t i = 0; texts && i < texts->count && status == CK_OK; i++)
        status = add(c, texts->items[i], err);
    if (status != CK_OK) {
        ck_chain_free(&c);
        return status;
    }
    if (!*c->text)
        strcpy(c->text, "copy");
    find_surveys(c);
    *out = c;
    return CK_OK;
}

/* Operations that move pixels suit an image or not by its size, which is not known yet. */
ck_status ck_chain_check(const chunkimg_list *texts, ck_error *err)
{
    ck_shape any = {.w = 1 << 20, .h = 1 << 20, .channels = 3, .depth = 16};
    ck_status status = CK_OK;

    for (size_t i = 0; texts && i < texts->count && !status; i++) {
        ck_stage s = {0};

        status = parse(&s, texts->items[i], err);
        if (!status && !s.op->need) {
            status = prepare(&s, any, err);
            any.channels = s.out.channels;
        }
        release(&s);
    }
    return status;
}

void ck_chain_heed(ck_chain *chain, bool (*stopped)(void *self), void *self)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->stages[i].op->heed)
            chain->stages[i].op->heed(chain->stages[i].state, stopped, self);
}

void ck_chain_free(ck_chain **chain)
{
    ck_chain *c = chain ? *chain : NULL;

    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++)
        release(&c->stages[i]);
    free(c->survey_stage);
    free(c->before);
    free(c->stages);
    free(c->text);
    free(c);
    *chain = NULL;
}

bool ck_chain_is_copy(const ck_chain *chain)
{
    return chain->count == 0;
}

const char *ck_chain_text(const ck_chain *chain)
{
    return chain->text;
}

int32_t ck_chain_halo(const ck_chain *chain)
{
    return chain->halo;
}

ck_shape ck_chain_shape(const ck_chain *chain)
{
    return chain->out;
}

bool ck_chain_starts_commands(const ck_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->stages[i].op->traits & CHUNKIMG_OP_STARTS_COMMANDS)
            return true;
    return false;
}

/* What filters of the library cost, which keep sums from pixel to pixel where their windows are large. */
static double guess(int32_t halo)
{
    return 0.4 + 0.5 * (halo < 30 ? halo : 30);
}

double ck_chain_cost(const ck_chain *chain)
{
    double sum = 0;

    for (size_t i = 0; i < chain->count; i++) {
        const ck_stage *s = &chain->stages[i];

        sum += s->op->cost ? s->op->cost(s->params) : guess(s->halo);
    }
    return sum;
}

static bool foreign(const ck_spec *s)
{
    return s->library || s->op->traits & CHUNKIMG_OP_STARTS_COMMANDS;
}

const char *ck_chain_foreign(const ck_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (foreign(&chain->stages[i].spec))
            return chain->stages[i].shown;
    return NULL;
}

bool ck_chain_may_be_foreign(const chunkimg_list *texts)
{
    bool found = false;
    ck_error ignored;

    for (size_t i = 0; i < texts->count && !found; i++) {
        ck_spec s;

        found = !ck_spec_parse(texts->items[i], &s, &ignored) && foreign(&s);
        ck_spec_release(&s);
    }
    return found;
}

const char *ck_chain_overreach(const ck_chain *chain, int32_t *reach)
{
    for (size_t i = 0; i < chain->count; i++) {
        const ck_stage *s = &chain->stages[i];

        *reach = s->halo;
        if (s->halo > s->in.w && s->halo > s->in.h)
            return s->shown;
    }
    return NULL;
}

/* ---- surveys ------------------------------------------------------------ */

size_t ck_chain_surveys(const ck_chain *chain)
{
    return chain->surveys;
}

const ck_chain *ck_chain_before(const ck_chain *chain, size_t i)
{
    return &chain->before[i];
}

static const ck_stage *surveyor(const ck_chain *chain, size_t i)
{
    return &chain->stages[chain->survey_stage[i]];
}

size_t ck_chain_account(const ck_chain *chain, size_t i)
{
    const ck_stage *s = surveyor(chain, i);

    return s->op->survey->size(s->params, s->in);
}

size_t ck_chain_fills(const ck_chain *chain)
{
    size_t sum = 0;

    for (size_t i = 0; i < chain->surveys; i++) {
        const ck_stage *s = surveyor(chain, i);

        if (s->op->survey->fills && !ck_add(sum, s->op->survey->fills(s->params, s->in), &sum))
            return SIZE_MAX;
    }
    return sum;
}

void ck_chain_survey(const ck_chain *chain, size_t i, ck_view in, ck_rect at, void *account)
{
    const ck_stage *s = surveyor(chain, i);

    s->op->survey->add(s->params, s->state, in, at.x, at.y, account);
}

void ck_chain_survey_merge(const ck_chain *chain, size_t i, void *into, const void *from)
{
    const ck_stage *s = surveyor(chain, i);

    s->op->survey->merge(s->params, s->in, into, from);
}

void ck_chain_survey_end(ck_chain *chain, size_t i, const void *account)
{
    const ck_stage *s = surveyor(chain, i);

    s->op->survey->end(s->params, s->in, account, s->state);
}
