/*
 * Finding butterflies: from a comparator on, whose two results are read by
 * one comparator each, as long as what these read beside them comes out of an
 * equal butterfly, at the same places.
 */
#include "op/sortnet_blocks.h"

#include <stdlib.h>

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
        *block = (ck_block){1, {f->net->nodes[node].a, f->net->nodes[node].b}, {2 * node, 2 * node + 1}};
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
    block->steps = steps;
    return true;
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

static bool add(const finder *f, const ck_block *block)
{
    ck_blocks *b = f->b;
    uint32_t last = 0;

    if (b->count == b->room) {
        ck_block *blocks = realloc(b->blocks, 2 * b->room * sizeof *blocks);
        if (!blocks)
            return false;
        b->blocks = blocks;
        b->room *= 2;
    }
    b->blocks[b->count++] = *block;
    for (uint32_t i = 0; i < 1u << (block->steps - 1); i++) {
        mark(f, block->outs[i] / 2, block->steps);
        last = block->outs[i] / 2 > last ? block->outs[i] / 2 : last;
    }
    b->of[last] = (uint32_t)b->count;
    return true;
}

bool ck_blocks_find(const ck_net *net, const uint32_t *uses, ck_blocks *b)
{
    finder f = {net, uses, b};

    *b = (ck_blocks){.room = 256};
    b->blocks = malloc(b->room * sizeof *b->blocks);
    b->of = calloc(net->count, sizeof *b->of);
    b->reader = malloc(2 * net->count * sizeof *b->reader);
    if (!b->blocks || !b->of || !b->reader)
        return false;
    for (size_t i = 0; i < 2 * net->count; i++)
        b->reader[i] = CK_WIRE_NONE;
    for (uint32_t i = 0; i < net->count; i++) {
        const ck_node *n = &net->nodes[i];
        if (!ck_node_is_input(n) && (uses[2 * i] | uses[2 * i + 1]))
            b->reader[n->a.id] = b->reader[n->b.id] = i;
    }
    for (uint32_t i = 0; i < net->count; i++)
        for (uint32_t steps = CK_BLOCK_STEPS; steps > 1; steps--) {
            ck_block block;
            if (build(&f, i, steps, &block)) {
                if (!add(&f, &block))
                    return false;
                break;
            }
        }
    return true;
}

void ck_blocks_release(ck_blocks *b)
{
    free(b->reader);
    free(b->of);
    free(b->blocks);
    *b = (ck_blocks){0};
}
