/* The inside of a network, shared by its making (sortnet.c) and its compiling (sortnet_code.c). */
#ifndef CK_OP_SORTNET_INSIDE_H
#define CK_OP_SORTNET_INSIDE_H

#include "op/sortnet.h"

/*
 * Node i owns the wires 2 i, the lesser of a and b, and 2 i + 1, the greater.
 * An input has one wire, 2 i, and no a: its index stands in b.id.
 */
typedef struct ck_node {
    ck_wire a, b; /* a.at is 0 */
} ck_node;

enum { CK_WIRE_NONE = UINT32_MAX, CK_NET_CHOICES = 512 };

/* How a merge of m and n wires, of which the ranks first .. end - 1 are wanted, is padded. */
typedef struct ck_net_choice {
    size_t m, n, first, end, length, low, low_first;
} ck_net_choice;

struct ck_net {
    ck_node *nodes; /* each after those that it reads */
    size_t count, room;
    uint32_t *table; /* of nodes + 1, by what they read; a power of two, at least twice as many as nodes */
    size_t table_size;
    ck_wire *stack;  /* for lists that a merge makes on its way */
    size_t used;
    ck_net_choice choices[CK_NET_CHOICES]; /* the last ones */
    bool failed;
};

static inline bool ck_node_is_input(const ck_node *n)
{
    return n->a.id == CK_WIRE_NONE;
}

#endif
