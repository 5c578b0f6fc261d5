/* The words that a network is compiled to (sortnet_code.c) and run from (sortnet_run.c). */
#ifndef CK_OP_SORTNET_CODE_H
#define CK_OP_SORTNET_CODE_H

/* Kinds, with the words that each takes. */
enum ck_net_kind {
    CK_NET_END,
    CK_NET_LOAD,  /* to, input */
    CK_NET_BOTH,  /* a, b, to (lesser), to (greater) */
    CK_NET_LEAST, /* a, b, to */
    CK_NET_MOST,  /* a, b, to */
    CK_NET_BLOCK4,  /* 4 to read, 4 to write: a butterfly of 2 steps (sortnet_blocks.h) */
    CK_NET_BLOCK8,  /* 8 and 8, 3 steps */
    CK_NET_BLOCK16, /* 16 and 16, 4 steps */
    CK_NET_KIND = 15,
    CK_NET_ONE = 16 /* times how many follow */
};

#endif
