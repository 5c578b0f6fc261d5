/*
 * The sums of gauss.c in vectors of 16-bit lanes. Included once for each
 * instruction set, after these names:
 *
 *   NAME(x), TARGET           the function's name; its target attribute
 *   V, LANES                  the vector; 16-bit lanes in it
 *   LOAD16, LOAD8             unaligned; bytes become 16-bit lanes
 *   STORE16, STORE8           unaligned; LANES samples; STORE8 takes lanes in 0 .. 255
 *   ADD16, ADD32, SRA32, XOR  lane by lane
 *   ALL16, ALL32              one value in all lanes
 *   LOW, HIGH                 interleave the lower or upper halves of two vectors (of each 128 bits)
 *   MADD                      products of 16-bit lanes, neighbours added: 32 bit
 *   PACK                      two vectors of 32-bit lanes to 16-bit lanes, in the order that undoes LOW and HIGH
 *
 * 8 bit: mirrored samples are added first, and a MADD takes two distances.
 * 16 bit: their sum would not fit; a MADD takes both samples of one distance.
 */

#define LOOP(n, body)                                                                                                   \
    for (size_t i = 0;; i = i + 2 * LANES <= (n) ? i + LANES : (n) - LANES) {                                           \
        body;                                                                                                           \
        if (i == (n) - LANES)                                                                                           \
            break;                                                                                                      \
    }

#define SUMS8(LOAD, half_unit)                                                                                          \
    V low = ALL32(half_unit), high = low;                                                                               \
    for (int32_t k = 0; k <= g->last; k += 2) {                                                                         \
        const V weights = ALL32(pair_at(g->half + k));                                                                  \
        const ptrdiff_t near = k * step, far = (k < g->last ? k + 1 : k) * step;                                        \
        V p = ADD16(LOAD(mid + i - near), LOAD(mid + i + near));                                                        \
        V q = ADD16(LOAD(mid + i - far), LOAD(mid + i + far));                                                          \
        low = ADD32(low, MADD(LOW(p, q), weights));                                                                     \
        high = ADD32(high, MADD(HIGH(p, q), weights));                                                                  \
    }

#define SUMS16(FLIP)                                                                                                    \
    V low = ALL32(32768), high = low;                                                                                   \
    for (int32_t k = 0; k <= g->last; k++) {                                                                            \
        const V weights = ALL16(g->half[k]);                                                                            \
        V p = FLIP(LOAD16(mid - k * step + i)), q = FLIP(LOAD16(mid + k * step + i));                                   \
        low = ADD32(low, MADD(LOW(p, q), weights));                                                                     \
        high = ADD32(high, MADD(HIGH(p, q), weights));                                                                  \
    }

#define FLIP_SIGN(v) XOR(v, ALL16((int16_t)-32768))
#define AS_IS(v) (v)

TARGET static void NAME(down8)(const ck_gauss *g, const uint8_t *mid, ptrdiff_t step, int16_t *out, size_t n)
{
    LOOP(n, {
        SUMS8(LOAD8, 1 << 9)
        STORE16(out + i, PACK(SRA32(low, 10), SRA32(high, 10)));
    })
}

TARGET static void NAME(across8)(const ck_gauss *g, const int16_t *mid, ptrdiff_t step, uint8_t *out, size_t n)
{
    LOOP(n, {
        SUMS8(LOAD16, 1 << 21)
        STORE8(out + i, PACK(SRA32(low, 22), SRA32(high, 22)));
    })
}

TARGET static void NAME(fine8)(const ck_gauss *g, const int16_t *mid, ptrdiff_t step, int16_t *out, size_t n)
{
    LOOP(n, {
        SUMS8(LOAD16, 1 << 14)
        STORE16(out + i, PACK(SRA32(low, 15), SRA32(high, 15)));
    })
}

TARGET static void NAME(down16)(const ck_gauss *g, const uint16_t *mid, ptrdiff_t step, int16_t *out, size_t n)
{
    LOOP(n, {
        SUMS16(FLIP_SIGN)
        STORE16(out + i, PACK(SRA32(low, 16), SRA32(high, 16)));
    })
}

TARGET static void NAME(across16)(const ck_gauss *g, const int16_t *mid, ptrdiff_t step, uint16_t *out, size_t n)
{
    LOOP(n, {
        SUMS16(AS_IS)
        STORE16(out + i, FLIP_SIGN(PACK(SRA32(low, 16), SRA32(high, 16))));
    })
}

static const passes NAME(passes) = {LANES, NAME(down8), NAME(across8), NAME(fine8), NAME(down16), NAME(across16)};

#undef LOOP
#undef SUMS8
#undef SUMS16
#undef FLIP_SIGN
#undef AS_IS
#undef NAME
#undef TARGET
#undef V
#undef LANES
#undef LOAD16
#undef LOAD8
#undef STORE16
#undef STORE8
#undef ADD16
#undef ADD32
#undef SRA32
#undef XOR
#undef ALL16
#undef ALL32
#undef LOW
#undef HIGH
#undef MADD
#undef PACK
