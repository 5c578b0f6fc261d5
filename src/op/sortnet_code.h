/* The words that a network is compiled to (sortnet_code.c) and run from (sortnet_run.c). */
#ifndef CK_OP_SORTNET_CODE_H
#define CK_OP_SORTNET_CODE_H

/* What an instruction does with its inputs, */
enum ck_net_form {
    CK_NET_LEAST,   /* 2 wires to the lesser */
    CK_NET_MOST,    /* 2 to the greater */
    CK_NET_BOTH,    /* 2 to both: a butterfly of one step */
    CK_NET_BLOCK4,  /* butterflies of 2, 3 and 4 steps (sortnet_blocks.h) */
    CK_NET_BLOCK8,
    CK_NET_BLOCK16
};

/* and what these are. */
enum ck_net_taken {
    CK_NET_PLAIN,     /* wires */
    CK_NET_OF_LEAST,  /* the lesser of a wire and another */
    CK_NET_OF_MOST,   /* the greater */
    CK_NET_TAKEN
};

/*
 * Kinds of instruction. The words of each are CK_NET_LOAD: to, input. Others:
 * the inputs, with what stands beside each if they are not plain, and then
 * the outputs.
 */
enum ck_net_kind {
    CK_NET_END,
    CK_NET_LOAD,
    CK_NET_FIRST, /* + form * CK_NET_TAKEN + taken */
    CK_NET_KIND = 31,
    CK_NET_ONE = 32 /* times how many follow */
};

#endif
