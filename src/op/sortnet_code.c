/*
 * From a network to instructions: what no output needs is left out, and wires
 * get slots, which are used again when the last reader has gone, so that a
 * network's lanes stay in the caches next to the core.
 *
 * An instruction is a word, its kind and how many of them follow each other,
 * and then the words of each: bytes in the slots, or the number of an input.
 */
#include <stdlib.h>
#include <string.h>

#include "op/sortnet_blocks.h"
#include "op/sortnet_code.h"

enum { WINDOW = 96 /* nodes */ };

typedef struct compiler {
    const ck_net *net;
    ck_net_code *code;
    uint32_t place_nbytes;
    uint32_t *uses;   /* per wire: readings to come */
    uint32_t *slot;   /* per wire: where it is */
    int32_t *reach;   /* per node */
    uint32_t *vacant; /* slots, the one to be used next last */
    size_t vacant_count, head;
    bool *done;       /* per node */
    ck_blocks blocks;
    uint32_t *waiting; /* nodes, in the order of their making */
    size_t waiting_count, next;
} compiler;

static void find_uses(compiler *c, const ck_wire *outs, size_t out_count)
{
    for (size_t i = 0; i < out_count; i++)
        c->uses[outs[i].id]++;
    for (size_t i = c->net->count; i-- > 0;) {
        const ck_node *n = &c->net->nodes[i];
        if (ck_node_is_input(n) || !(c->uses[2 * i] | c->uses[2 * i + 1]))
            continue;
        c->uses[n->a.id]++;
        c->uses[n->b.id]++;
    }
}

static uint32_t take_slot(compiler *c, uint32_t wire)
{
    uint32_t slot = c->vacant_count ? c->vacant[--c->vacant_count] : c->code->slots++;

    c->slot[wire] = slot;
    return slot * CK_NET_NBYTES;
}

static void drop(compiler *c, uint32_t wire)
{
    if (!--c->uses[wire])
        c->vacant[c->vacant_count++] = c->slot[wire];
}

/* Begins an instruction, or lengthens the last one if it is of that kind. */
static void instruction(compiler *c, uint32_t kind)
{
    uint32_t *words = c->code->words;

    if (!c->code->word_count || (words[c->head] & CK_NET_KIND) != kind) {
        c->head = c->code->word_count++;
        words[c->head] = kind;
    }
    words[c->head] += CK_NET_ONE;
}

static void word(compiler *c, uint32_t w)
{
    c->code->words[c->code->word_count++] = w;
}

static void input(compiler *c, size_t i)
{
    instruction(c, CK_NET_LOAD);
    word(c, take_slot(c, (uint32_t)(2 * i)));
    word(c, c->net->nodes[i].b.id);
}

static uint32_t place(const compiler *c, ck_wire w)
{
    return c->slot[w.id] * CK_NET_NBYTES + (uint32_t)w.at * c->place_nbytes;
}

static bool same(ck_wire a, ck_wire b)
{
    return a.id == b.id && a.at == b.at;
}

static void comparator(compiler *c, size_t i)
{
    const ck_node *n = &c->net->nodes[i];
    bool least = c->uses[2 * i], most = c->uses[2 * i + 1];
    uint32_t a = place(c, n->a), b = place(c, n->b);

    instruction(c, CK_NET_FIRST + (least && most ? CK_NET_BOTH : least ? CK_NET_LEAST : CK_NET_MOST) * CK_NET_TAKEN);
    word(c, a);
    word(c, b);
    /* A slot may be written while it is read, but not where it is read from further right. */
    drop(c, n->a.id);
    if (!n->b.at)
        drop(c, n->b.id);
    if (least)
        word(c, take_slot(c, (uint32_t)(2 * i)));
    if (most)
        word(c, take_slot(c, (uint32_t)(2 * i + 1)));
    if (n->b.at)
        drop(c, n->b.id);
}

/* A wire that is read further to the right keeps its slot until all has been written: see comparator(). */
static void drop_read(compiler *c, const ck_block *b, bool shifted)
{
    for (uint32_t i = 0; i < b->in_count; i++) {
        if ((b->ins[i].at != 0) == shifted)
            drop(c, b->ins[i].id);
        if (b->taken && !same(b->ins[i], b->others[i]) && (b->others[i].at != 0) == shifted)
            drop(c, b->others[i].id);
    }
}

static int32_t read_words(compiler *c, const ck_wire *wires, uint32_t n, int32_t most)
{
    for (uint32_t i = 0; i < n; i++) {
        int32_t reach = c->reach[wires[i].id / 2] + wires[i].at;
        most = reach > most ? reach : most;
        word(c, place(c, wires[i]));
    }
    return most;
}

static void block(compiler *c, const ck_block *b)
{
    int32_t reach;

    instruction(c, CK_NET_FIRST + b->form * CK_NET_TAKEN + b->taken);
    reach = read_words(c, b->ins, b->in_count, 0);
    if (b->taken)
        reach = read_words(c, b->others, b->in_count, reach);
    drop_read(c, b, false);
    for (uint32_t i = 0; i < b->out_count; i++) {
        c->reach[b->outs[i] / 2] = reach;
        c->done[b->outs[i] / 2] = true;
        word(c, take_slot(c, b->outs[i]));
    }
    drop_read(c, b, true);
}

/* ---- the order --------------------------------------------------------------- */

/* The block that runs in the place of this node, or NULL. */
static const ck_block *block_of(const compiler *c, uint32_t i)
{
    return c->blocks.of[i] ? &c->blocks.blocks[c->blocks.of[i] - 1] : NULL;
}

static uint32_t kind_of(const compiler *c, uint32_t i)
{
    bool least = c->uses[2 * i], most = c->uses[2 * i + 1];

    if (block_of(c, i))
        return CK_NET_FIRST + block_of(c, i)->form * CK_NET_TAKEN + block_of(c, i)->taken;
    if (ck_node_is_input(&c->net->nodes[i]))
        return CK_NET_LOAD;
    return CK_NET_FIRST + (least && most ? CK_NET_BOTH : least ? CK_NET_LEAST : CK_NET_MOST) * CK_NET_TAKEN;
}

static bool is_ready(const compiler *c, uint32_t i)
{
    const ck_node *n = &c->net->nodes[i];
    const ck_block *b = block_of(c, i);

    if (!b)
        return ck_node_is_input(n) || (c->done[n->a.id / 2] && c->done[n->b.id / 2]);
    for (uint32_t k = 0; k < b->in_count; k++)
        if (!c->done[b->ins[k].id / 2] || (b->taken && !c->done[b->others[k].id / 2]))
            return false;
    return true;
}

static void emit(compiler *c, uint32_t i)
{
    const ck_node *n = &c->net->nodes[i];

    if (block_of(c, i)) {
        block(c, block_of(c, i));
        return;
    }
    c->done[i] = true;
    if (ck_node_is_input(n)) {
        input(c, i);
        return;
    }
    int32_t a = c->reach[n->a.id / 2], b = c->reach[n->b.id / 2] + n->b.at;
    c->reach[i] = a > b ? a : b;
    comparator(c, i);
}

/* Up to `window` nodes that are needed. */
static void look_ahead(compiler *c, size_t window)
{
    for (; c->waiting_count < window && c->next < c->net->count; c->next++)
        if ((c->uses[2 * c->next] | c->uses[2 * c->next + 1]) && c->blocks.of[c->next] != CK_BLOCK_INSIDE)
            c->waiting[c->waiting_count++] = (uint32_t)c->next;
}

/* The first in the window that can be run, of this kind if any is. waiting_count: none. */
static size_t find_ready(const compiler *c, uint32_t kind)
{
    size_t any = c->waiting_count;

    for (size_t i = 0; i < c->waiting_count; i++) {
        if (any < c->waiting_count && kind_of(c, c->waiting[i]) != kind)
            continue;
        if (!is_ready(c, c->waiting[i]))
            continue;
        if (kind_of(c, c->waiting[i]) == kind)
            return i;
        any = i;
    }
    return any;
}

/*
 * Nodes in the order of their making keep few wires at a time. Within a window
 * of it those of one kind are taken together: a change of kind is a jump that
 * the processor does not foresee. A block may have to wait for one after it,
 * but never for itself: all that it gives depends on all that it takes.
 */
static void nodes(compiler *c)
{
    uint32_t kind = CK_NET_END;
    size_t window = WINDOW;

    for (look_ahead(c, window); c->waiting_count; look_ahead(c, window)) {
        size_t i = find_ready(c, kind);
        if (i == c->waiting_count) {
            window = c->waiting_count + 1;
            continue;
        }
        uint32_t node = c->waiting[i];
        memmove(c->waiting + i, c->waiting + i + 1, (--c->waiting_count - i) * sizeof *c->waiting);
        kind = kind_of(c, node);
        emit(c, node);
        window = WINDOW;
    }
    word(c, CK_NET_END);
}

static void outputs(compiler *c, const ck_wire *outs)
{
    for (size_t i = 0; i < c->code->out_count; i++) {
        int32_t reach = c->reach[outs[i].id / 2] + outs[i].at;
        c->code->outs[i] = c->slot[outs[i].id] * CK_NET_NBYTES;
        c->code->outs_at[i] = outs[i].at;
        if (reach > c->code->reach)
            c->code->reach = reach;
    }
}

enum { WORDS_MOST = 7 /* of a comparator, and of one in a block */ };

bool ck_net_compile(ck_net *net, const ck_wire *outs, size_t out_count, uint32_t place_nbytes, ck_net_code *code)
{
    compiler c = {.net = net, .code = code, .place_nbytes = place_nbytes};
    bool made = false;

    *code = (ck_net_code){.out_count = out_count};
    if (!net->failed) {
        c.uses = calloc(2 * net->count, sizeof *c.uses);
        c.slot = malloc(2 * net->count * sizeof *c.slot);
        c.vacant = malloc(2 * net->count * sizeof *c.vacant);
        c.reach = calloc(net->count, sizeof *c.reach);
        c.done = calloc(net->count, sizeof *c.done);
        c.waiting = malloc(net->count * sizeof *c.waiting);
        code->words = malloc((net->count * WORDS_MOST + 1) * sizeof *code->words);
        code->outs = malloc(out_count * sizeof *code->outs);
        code->outs_at = malloc(out_count * sizeof *code->outs_at);
        made = c.uses && c.slot && c.vacant && c.reach && c.done && c.waiting && code->words && code->outs && code->outs_at;
    }
    if (made) {
        find_uses(&c, outs, out_count);
        made = ck_blocks_find(net, c.uses, &c.blocks);
    }
    if (made) {
        nodes(&c);
        outputs(&c, outs);
        uint32_t *words = realloc(code->words, code->word_count * sizeof *words);
        code->words = words ? words : code->words;
    } else {
        ck_net_code_release(code);
    }
    ck_blocks_release(&c.blocks);
    free(c.waiting);
    free(c.done);
    free(c.reach);
    free(c.vacant);
    free(c.slot);
    free(c.uses);
    return made;
}

void ck_net_code_release(ck_net_code *code)
{
    free(code->outs_at);
    free(code->outs);
    free(code->words);
    *code = (ck_net_code){0};
}
