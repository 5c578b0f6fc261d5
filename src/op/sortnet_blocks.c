/*
 * Finding butterflies: from a comparator on, whose two results are read by
 * one comparator each, as long as what these read beside them comes out of an
 * equal butterfly, at the same places.
 */
#include "op/sortnet_blocks.h"

#include <stdlib.h>

#include "op/sortnet_code.h"

typedef struct finder {
    const ck_net *net;
    const uint32_t *uses;
    ck_blocks *b;
} finder;

/* Both results of it are needed, and it is in no block. */
static bool is_free(const finder *f, uint32_t node)
{
    return !ck_node_is_input(&f->net->nodes[node]) && f->uses[2 * node] && f->uses[2 * node + 1] && !f->b->of[node];
}

/* What the only reader of the wire reads beside it, in the same lanes. CK_WIRE_NONE: there is none. */
static uint32_t beside(const finder *f, uint32_t wire)
{
    uint32_t reader = f->b->reader[wire];
    const ck_node *n;

    if (f->uses[wire] != 1 || reader == CK_WIRE_NONE || !is_free(f, reader))
        return CK_WIRE_NONE;
    n = &f->net->nodes[reader];
    return n->b.at ? CK_WIRE_NONE : n->a.id == wire ? n->b.id : n->a.id;
}

/* A comparator `steps` before this one, by its first wires. */
static uint32_t go_back(const finder *f, uint32_t node, uint32_t steps)
{
    for (; steps && is_free(f, node); steps--)
        node = f->net->nodes[node].a.id / 2;
    return node;
}

/* The butterfly that begins with this comparator. */
static bool build(const finder *f, uint32_t node, uint32_t steps, ck_block *block)
{
    uint32_t half = 1u << (steps - 1), other;
    ck_block more;

    if (steps == 1) {
        if (!is_free(f, node))
            return false;
        *block = (ck_block){.form = CK_NET_BOTH,
                            .in_count = 2,
                            .out_count = 2,
                            .ins = {f->net->nodes[node].a, f->net->nodes[node].b},
                            .outs = {2 * node, 2 * node + 1}};
        return true;
    }
    if (!build(f, node, steps - 1, block))
        return false;
    other = beside(f, block->outs[0]);
    if (other == CK_WIRE_NONE || !build(f, go_back(f, other / 2, steps - 2), steps - 1, &more))
        return false;
    for (uint32_t i = 0; i < half; i++)
        if (more.outs[i] == block->outs[i] || beside(f, block->outs[i]) != more.outs[i] || f->uses[more.outs[i]] != 1)
            return false;
    for (uint32_t i = 0; i < half; i++)
        block->ins[half + i] = more.ins[i];
    for (uint32_t i = 0; i < half; i++) {
        uint32_t reader = f->b->reader[block->outs[i]];
        block->outs[i] = 2 * reader;
        block->outs[half + i] = 2 * reader + 1;
    }
    block->form++;
    block->in_count *= 2;
    block->out_count *= 2;
    return true;
}

/* Half a comparator that is in no block, and which half: CK_NET_OF_LEAST or CK_NET_OF_MOST. Else CK_NET_PLAIN. */
static uint32_t half_of(const finder *f, uint32_t node)
{
    bool least = f->uses[2 * node], most = f->uses[2 * node + 1];

    if (ck_node_is_input(&f->net->nodes[node]) || f->b->of[node] || least == most)
        return CK_NET_PLAIN;
    return least ? CK_NET_OF_LEAST : CK_NET_OF_MOST;
}

/* The half that a wire is and that only one reader needs. */
static uint32_t taken_of(const finder *f, uint32_t wire)
{
    return f->uses[wire] == 1 ? half_of(f, wire / 2) : CK_NET_PLAIN;
}

/* Takes in the halves that a block reads, if enough of its inputs are such of one kind. */
static void take_in(const finder *f, ck_block *block)
{
    uint32_t count[CK_NET_TAKEN] = {0}, most;

    for (uint32_t i = 0; i < block->in_count; i++)
        count[taken_of(f, block->ins[i].id)]++;
    most = count[CK_NET_OF_MOST] > count[CK_NET_OF_LEAST] ? CK_NET_OF_MOST : CK_NET_OF_LEAST;
    if (2 * count[most] < block->in_count)
        return;
    block->taken = most;
    for (uint32_t i = 0; i < block->in_count; i++) {
        ck_wire w = block->ins[i];
        const ck_node *n = &f->net->nodes[w.id / 2];
        block->others[i] = w; /* of a wire and itself, it is that */
        if (taken_of(f, w.id) != most)
            continue;
        block->ins[i] = (ck_wire){n->a.id, w.at};
        block->others[i] = (ck_wire){n->b.id, w.at + n->b.at};
        f->b->of[w.id / 2] = CK_BLOCK_INSIDE;
    }
}

/* From a result back to the block's own inputs. */
static void mark(const finder *f, uint32_t node, uint32_t steps)
{
    f->b->of[node] = CK_BLOCK_INSIDE;
    if (steps > 1) {
        mark(f, f->net->nodes[node].a.id / 2, steps - 1);
        mark(f, f->net->nodes[node].b.id / 2, steps - 1);
    }
}

static bool add(const finder *f, ck_block *block)
{
    ck_blocks *b = f->b;
    uint32_t last = 0;

    take_in(f, block);

    if (b->count == b->room) {
        ck_block *blocks = realloc(b->blocks, 2 * b->room * sizeof *blocks);
        if (!blocks)
            return false;
        b->blocks = blocks;
        b->room *= 2;
    }
    b->blocks[b->count++] = *block;
    for (uint32_t i = 0; i < block->out_count; i++)
        last = block->outs[i] / 2 > last ? block->outs[i] / 2 : last;
    b->of[last] = (uint32_t)b->count; /* there all that it reads has been made */
    return true;
}

/* The largest butterfly from this comparator on. */
static bool add_butterfly(const finder *f, uint32_t node)
{
    for (uint32_t steps = CK_BLOCK_STEPS; steps > 1; steps--) {
        ck_block block;
        if (!build(f, node, steps, &block))
            continue;
        for (uint32_t i = 0; i < block.out_count / 2; i++)
            mark(f, block.outs[i] / 2, steps);
        return add(f, &block);
    }
    return true;
}

/* This comparator, or the half that is needed, if it can take in what it reads. */
static bool add_one(const finder *f, uint32_t node)
{
    const ck_node *n = &f->net->nodes[node];
    uint32_t half = half_of(f, node);
    ck_block block = {.form = CK_NET_BOTH, .in_count = 2, .out_count = 2, .ins = {n->a, n->b},
                      .outs = {2 * node, 2 * node + 1}};

    if (half == CK_NET_PLAIN && !is_free(f, node))
        return true;
    if (half != CK_NET_PLAIN) {
        block.form = half == CK_NET_OF_LEAST ? CK_NET_LEAST : CK_NET_MOST;
        block.out_count = 1;
        block.outs[0] = half == CK_NET_OF_LEAST ? 2 * node : 2 * node + 1;
    }
    if (taken_of(f, n->a.id) == CK_NET_PLAIN && taken_of(f, n->b.id) == CK_NET_PLAIN)
        return true;
    return add(f, &block);
}

static void find_readers(const finder *f)
{
    for (size_t i = 0; i < 2 * f->net->count; i++)
        f->b->reader[i] = CK_WIRE_NONE;
    for (uint32_t i = 0; i < f->net->count; i++) {
        const ck_node *n = &f->net->nodes[i];
        if (!ck_node_is_input(n) && (f->uses[2 * i] | f->uses[2 * i + 1]))
            f->b->reader[n->a.id] = f->b->reader[n->b.id] = i;
    }
}

bool ck_blocks_find(const ck_net *net, const uint32_t *uses, ck_blocks *b)
{
    finder f = {net, uses, b};
    bool good = true;

    *b = (ck_blocks){.room = 256};
    b->blocks = malloc(b->room * sizeof *b->blocks);
    b->of = calloc(net->count, sizeof *b->of);
    b->reader = malloc(2 * net->count * sizeof *b->reader);
    if (!b->blocks || !b->of || !b->reader)
        return false;
    find_readers(&f);
    /* Halves before butterflies: of two steps of halves, the first has twice as many. */
    for (uint32_t i = 0; i < net->count && good; i++)
        good = half_of(&f, i) == CK_NET_PLAIN || add_one(&f, i);
    for (uint32_t i = 0; i < net->count && good; i++)
        good = add_butterfly(&f, i);
    for (uint32_t i = 0; i < net->count && good; i++)
        good = half_of(&f, i) != CK_NET_PLAIN || add_one(&f, i);
    return good;
}

void ck_blocks_release(ck_blocks *b)
{
    free(b->reader);
    free(b->of);
    free(b->blocks);
    *b = (ck_blocks){0};
}
