/* Comparators that run together in registers: which they are. */
#ifndef CK_OP_SORTNET_BLOCKS_H
#define CK_OP_SORTNET_BLOCKS_H

#include "op/sortnet_inside.h"

enum { CK_BLOCK_STEPS = 4, CK_BLOCK_WIRES = 1 << CK_BLOCK_STEPS };

/*
 * A butterfly on 2^steps wires, as bitonic merges are made of: comparators of
 * the wires 1 apart (0 and 1, 2 and 3, ...), then of what is 2 apart, 4, 8;
 * the lesser of i and i + d is i after it. Or half a comparator. No wire
 * between is read elsewhere.
 *
 * What it takes may itself be half a comparator that nobody else needs: each
 * input is then the lesser, or the greater, of ins[i] and others[i].
 */
typedef struct ck_block {
    uint32_t form;                /* enum ck_net_form */
    uint32_t taken;               /* enum ck_net_taken */
    uint32_t in_count, out_count;
    ck_wire ins[CK_BLOCK_WIRES], others[CK_BLOCK_WIRES];
    uint32_t outs[CK_BLOCK_WIRES];
} ck_block;

typedef struct ck_blocks {
    ck_block *blocks;
    size_t count, room;
    uint32_t *of;     /* per node: 0: it runs alone; CK_BLOCK_INSIDE; or the block that runs in its place, + 1 */
    uint32_t *reader; /* per wire: the last node that reads it */
} ck_blocks;

enum { CK_BLOCK_INSIDE = UINT32_MAX };

/* Finds them, with `uses` of every wire. False without memory. Release in either case. */
bool ck_blocks_find(const ck_net *net, const uint32_t *uses, ck_blocks *b);
void ck_blocks_release(ck_blocks *b);

#endif
