/*
 * Networks of comparators, made once and run on many lanes at a time.
 *
 * A wire carries one sample a lane. Comparators are made of wires without a
 * thought for what was made before or will be used: one that exists is found
 * again, and what no output needs is never run, down to the half of a
 * comparator. Lanes lie beside each other, so a wire may be read `at` so many
 * places to the right: work that neighbours have in common is done once.
 * ("Places" are groups of lanes, the channels of a pixel.)
 *
 * A failing allocation is remembered; everything made after it is without
 * meaning, and ck_net_compile says so.
 */
#ifndef CK_OP_SORTNET_H
#define CK_OP_SORTNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ck_wire {
    uint32_t id;
    int32_t at; /* places to the right, >= 0 for inputs */
} ck_wire;

typedef struct ck_net ck_net;

/* NULL without memory. */
ck_net *ck_net_create(void);
void ck_net_free(ck_net **net);

/* Input `index`, counted from 0 by the caller. */
ck_wire ck_net_input(ck_net *net, uint32_t index, int32_t at);

/* The lesser and the greater of two wires, lane by lane. */
ck_wire ck_net_least(ck_net *net, ck_wire a, ck_wire b);
ck_wire ck_net_most(ck_net *net, ck_wire a, ck_wire b);

/*
 * Merges m wires that are in order and n that are; `out`, which overlaps neither, takes the ranks first .. end - 1 of
 * all, from 0.
 */
void ck_net_merge(ck_net *net, const ck_wire *a, size_t m, const ck_wire *b, size_t n, size_t first, size_t end,
                  ck_wire *out);

/* Sorts n wires in place. */
void ck_net_sort(ck_net *net, ck_wire *wires, size_t n);

/* The wire of that rank, from 0, among m and n wires in order. */
ck_wire ck_net_pick(ck_net *net, const ck_wire *a, size_t m, const ck_wire *b, size_t n, size_t rank);

/* ---- to run it --------------------------------------------------------------- */

/*
 * Bytes of a wire's lanes. An instruction costs as much again as the work on
 * 64 lanes; with more than these the slots leave the second cache.
 */
enum { CK_NET_NBYTES = 256 };

typedef struct ck_net_code {
    uint32_t *words;        /* instructions; see sortnet_code.c */
    size_t word_count;
    uint32_t *outs;         /* per output, its byte in the slots, without `at` */
    int32_t *outs_at;       /* per output, the places that it is read at */
    size_t out_count;
    uint32_t slots;         /* wires held at a time */
    int32_t reach;          /* lanes to the right that a result needs, in places */
} ck_net_code;

/*
 * Instructions that bring `outs` about; a place is `place_nbytes`. False
 * without memory, now or before. *code is the caller's, zeros on failure.
 */
bool ck_net_compile(ck_net *net, const ck_wire *outs, size_t out_count, uint32_t place_nbytes, ck_net_code *code);
void ck_net_code_release(ck_net_code *code);

/* Bytes of scratch for the slots, and what wires read beyond the last. */
static inline size_t ck_net_slots_nbytes(const ck_net_code *code)
{
    return ((size_t)code->slots + 1) * CK_NET_NBYTES;
}

/*
 * Runs it on the lanes that begin at inputs[i] + shift, CK_NET_NBYTES of each.
 * `slots` is 64-byte aligned. Samples of 8 or of 16 bit.
 */
void ck_net_run8(const ck_net_code *code, void *slots, const uint8_t *const *inputs, size_t shift);
void ck_net_run16(const ck_net_code *code, void *slots, const uint8_t *const *inputs, size_t shift);

#endif
