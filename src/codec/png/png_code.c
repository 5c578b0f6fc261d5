#include "codec/png/png_code.h"

enum {
    LONGEST = 15,
    HEAD_SYMBOLS = 19,
    HEAD_LONGEST = 7,
    REPEAT = 16,     /* the length before, 3 to 6 times */
    FEW_ZEROS = 17,  /* 3 to 10 */
    MANY_ZEROS = 18, /* 11 to 138 */
};

/* ---- lengths ----------------------------------------------------------- */

/* A symbol and how often it occurs; the leaves of the tree. */
typedef struct leaf {
    uint16_t count, symbol;
} leaf;

/* By count, equals by symbol. Returns how many occur. */
static int sort_leaves(leaf *sorted, const uint32_t *counts, int n)
{
    leaf once[CK_PNG_CODE_LITERALS];
    int low[257] = {0}, high[257] = {0}, used = 0;

    for (int i = 0; i < n; i++)
        if (counts[i]) {
            low[(counts[i] & 255) + 1]++;
            high[(counts[i] >> 8) + 1]++;
            used++;
        }
    for (int i = 0; i < 256; i++) {
        low[i + 1] += low[i];
        high[i + 1] += high[i];
    }
    for (int i = 0; i < n; i++)
        if (counts[i])
            once[low[counts[i] & 255]++] = (leaf){(uint16_t)counts[i], (uint16_t)i};
    for (int i = 0; i < used; i++)
        sorted[high[once[i].count >> 8]++] = once[i];
    return used;
}

/*
 * Leaves of each depth of Huffman's tree, by two queues (J. van Leeuwen, "On
 * the construction of Huffman trees", 1976): leaves and inner nodes both come
 * in the order of their weight. Depths beyond `longest` count as that one.
 */
static void count_depths(const leaf *leaves, int used, int longest, int of_depth[LONGEST + 1])
{
    uint32_t weight[2 * CK_PNG_CODE_LITERALS];
    uint16_t parent[2 * CK_PNG_CODE_LITERALS], depth[2 * CK_PNG_CODE_LITERALS];
    int leaf_at = 0, inner_at = used, end = used;

    for (int i = 0; i < used; i++)
        weight[i] = leaves[i].count;
    for (; end < 2 * used - 1; end++) {
        weight[end] = 0;
        for (int k = 0; k < 2; k++) {
            int least = leaf_at < used && (inner_at == end || weight[leaf_at] <= weight[inner_at]) ? leaf_at++ : inner_at++;

            weight[end] += weight[least];
            parent[least] = (uint16_t)end;
        }
    }
    depth[end - 1] = 0;
    for (int i = end - 2; i >= 0; i--) {
        depth[i] = (uint16_t)(depth[parent[i]] + 1);
        if (i < used)
            of_depth[depth[i] < longest ? depth[i] : longest]++;
    }
}

/* What was cut to `longest` takes more of the code space than there is: leaves above are moved down until it fits. */
static void fit_depths(int longest, int of_depth[LONGEST + 1])
{
    uint32_t taken = 0, all = 1u << longest;

    for (int d = 1; d <= longest; d++)
        taken += (uint32_t)of_depth[d] << (longest - d);
    for (; taken > all; taken--) {
        int d = longest - 1;

        while (!of_depth[d])
            d--;
        of_depth[d]--;
        of_depth[d + 1] += 2; /* the leaf, and one of the lowest as its sibling */
        of_depth[longest]--;
    }
}

/* ---- codes ------------------------------------------------------------- */

static uint16_t reversed(uint32_t v, int nbits)
{
    uint32_t r = 0;

    for (int i = 0; i < nbits; i++, v >>= 1)
        r = r << 1 | (v & 1);
    return (uint16_t)r;
}

/* Inline: GCC 12.2 for aarch64 takes it for a function without effect at -O1 and -O2, and leaves its calls out. */
__attribute__((always_inline)) static inline void assign(ck_png_code *c, int n)
{
    uint32_t of_length[LONGEST + 1] = {0}, next[LONGEST + 2] = {0};

    for (int i = 0; i < n; i++)
        of_length[c->nbits[i]]++;
    of_length[0] = 0;
    for (int d = 0; d <= LONGEST; d++)
        next[d + 1] = (next[d] + of_length[d]) << 1;
    for (int i = 0; i < n; i++)
        c->bits[i] = c->nbits[i] ? reversed(next[c->nbits[i]]++, c->nbits[i]) : 0;
}

/* A code of a single symbol has one bit: readers want no empty one. */
void ck_png_code_build(ck_png_code *c, const uint32_t *counts, int n, int longest)
{
    leaf leaves[CK_PNG_CODE_LITERALS];
    int of_depth[LONGEST + 1] = {0}, used = sort_leaves(leaves, counts, n), at = 0;

    memset(c->nbits, 0, (size_t)n);
    if (used > 1) {
        count_depths(leaves, used, longest, of_depth);
        fit_depths(longest, of_depth);
    } else {
        of_depth[1] = 1;
        if (!used)
            leaves[0].symbol = 0;
    }
    for (int d = longest; d > 0; d--)
        for (int i = 0; i < of_depth[d]; i++)
            c->nbits[leaves[at++].symbol] = (uint8_t)d;
    assign(c, n);
}

void ck_png_code_fixed(ck_png_code *literals, ck_png_code *distances)
{
    for (int i = 0; i < CK_PNG_CODE_LITERALS; i++)
        literals->nbits[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    assign(literals, CK_PNG_CODE_LITERALS);
    memset(distances->nbits, 5, CK_PNG_CODE_DISTANCES);
    assign(distances, CK_PNG_CODE_DISTANCES);
}

/* ---- the header -------------------------------------------------------- */

static const uint8_t order[HEAD_SYMBOLS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

static int extra_nbits(int symbol)
{
    return symbol == REPEAT ? 2 : symbol == FEW_ZEROS ? 3 : symbol == MANY_ZEROS ? 7 : 0;
}

static void head_add(ck_png_code_head *h, int symbol, int extra)
{
    h->symbols[h->count] = (uint8_t)symbol;
    h->extra[h->count++] = (uint8_t)extra;
}

static void head_add_run(ck_png_code_head *h, int length, int times)
{
    if (length) {
        head_add(h, length, 0);
        times--;
    }
    for (int n; times >= 3; times -= n) {
        n = length ? times < 6 ? times : 6 : times < 138 ? times : 138;
        if (length)
            head_add(h, REPEAT, n - 3);
        else if (n < 11)
            head_add(h, FEW_ZEROS, n - 3);
        else
            head_add(h, MANY_ZEROS, n - 11);
    }
    while (times-- > 0)
        head_add(h, length, 0);
}

static int last_used(const ck_png_code *c, int n, int least)
{
    while (n > least && !c->nbits[n - 1])
        n--;
    return n;
}

void ck_png_code_head_plan(ck_png_code_head *h, const ck_png_code *literals, const ck_png_code *distances)
{
    uint8_t all[CK_PNG_CODE_LITERALS + CK_PNG_CODE_DISTANCES];
    uint32_t counts[HEAD_SYMBOLS] = {0};
    int n;

    h->count = 0;
    h->literals = last_used(literals, CK_PNG_CODE_LITERALS - 2, CK_PNG_CODE_LENGTHS);
    h->distances = last_used(distances, CK_PNG_CODE_DISTANCES, 1);
    memcpy(all, literals->nbits, (size_t)h->literals);
    memcpy(all + h->literals, distances->nbits, (size_t)h->distances);
    n = h->literals + h->distances;
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && all[end] == all[i];)
            end++;
        head_add_run(h, all[i], end - i);
    }
    for (int i = 0; i < h->count; i++)
        counts[h->symbols[i]]++;
    ck_png_code_build(&h->lengths, counts, HEAD_SYMBOLS, HEAD_LONGEST);
    for (h->shown = HEAD_SYMBOLS; h->shown > 4 && !h->lengths.nbits[order[h->shown - 1]];)
        h->shown--;
    h->nbits = 5 + 5 + 4 + 3 * (size_t)h->shown;
    for (int i = 0; i < h->count; i++)
        h->nbits += h->lengths.nbits[h->symbols[i]] + (size_t)extra_nbits(h->symbols[i]);
}

void ck_png_code_head_write(const ck_png_code_head *h, ck_png_bits *to)
{
    ck_png_bits_add(to, (uint64_t)(h->literals - CK_PNG_CODE_LENGTHS), 5);
    ck_png_bits_add(to, (uint64_t)(h->distances - 1), 5);
    ck_png_bits_add(to, (uint64_t)(h->shown - 4), 4);
    ck_png_bits_store(to);
    for (int i = 0; i < h->shown; i++) {
        ck_png_bits_add(to, h->lengths.nbits[order[i]], 3);
        ck_png_bits_store(to);
    }
    for (int i = 0; i < h->count; i++) {
        int symbol = h->symbols[i];

        ck_png_bits_add(to, h->lengths.bits[symbol], h->lengths.nbits[symbol]);
        ck_png_bits_add(to, h->extra[i], extra_nbits(symbol));
        ck_png_bits_store(to);
    }
}
