/* Our own deflate against zlib's inflate, and its sizes against zlib's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/png/png_code.h"
#include "codec/png/png_engine.h"
#include "codec/png/png_match.h"
#include "support/noise.h"

enum { LEVELS = 6, MOST = 300000, CHECKED = 64 };

static const ck_png_engine *const engine = &ck_png_engine_pack;

static uint8_t *take(size_t n)
{
    uint8_t *p = malloc(n ? n : 1);

    assert_non_null(p);
    return p;
}

/* What filters leave of a photograph: small values of both signs, more of the small ones. */
static uint8_t residual(unsigned spread)
{
    uint32_t v = noise() % spread, w = noise() % spread;

    return (uint8_t)(v * w / spread * (noise() % 2 ? 1 : 255));
}

/* One of many kinds of bytes, in stretches. */
static void fill(uint8_t *at, size_t n, int kind)
{
    for (size_t i = 0; i < n;) {
        size_t end = i + 1 + noise() % 9000;
        int what = kind < 8 ? kind : (int)(noise() % 8);
        uint8_t value = (uint8_t)noise();
        size_t back = 1 + noise() % 40000;

        for (end = end < n ? end : n; i < end; i++) {
            switch (what) {
            case 0: at[i] = 0; break;
            case 1: at[i] = (uint8_t)noise(); break;
            case 2: at[i] = residual(9); break;
            case 3: at[i] = residual(60); break;
            case 4: at[i] = i >= back ? at[i - back] : (uint8_t)noise(); break;
            case 5: at[i] = (uint8_t)(noise() % 97 ? value : noise()); break;
            case 6: at[i] = (uint8_t)(i % 256 < 3 ? noise() : i); break;
            default: at[i] = noise() % 5 && i >= 12 ? at[i - 12] : (uint8_t)(noise() % 7); break;
            }
        }
    }
}

typedef struct bytes {
    uint8_t *at;
    size_t n;
} bytes;

/* The room is what the bound says, with guards behind it. */
static bytes packed(void *state, const uint8_t *in, size_t n, ck_png_flow flow)
{
    size_t room = engine->bound(n, 1);
    bytes out = {take(room + CHECKED), 0};
    ck_png_space space = {out.at, room};

    memset(out.at, 0xab, room + CHECKED);
    engine->begin(state);
    assert_true(engine->put(state, in, n, flow, &space));
    out.n = (size_t)(space.at - out.at);
    assert_int_equal(out.n + space.left, room);
    for (size_t i = 0; i < CHECKED; i++)
        assert_int_equal(out.at[room + i], 0xab);
    return out;
}

/* Of raw deflate: the bytes must be these, and the stream must end where its bytes do, or go on behind them. */
static void check_inflates(bytes b, const uint8_t *want, size_t n, bool ends)
{
    uint8_t *got = take(n + 1);
    z_stream z = {.next_in = b.at, .avail_in = (uInt)b.n, .next_out = got, .avail_out = (uInt)n + 1};

    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    assert_int_equal(inflate(&z, Z_SYNC_FLUSH), ends ? Z_STREAM_END : Z_OK);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, n);
    assert_memory_equal(got, want, n);
    inflateEnd(&z);
    free(got);
}

static void inflates_to_the_same(void **state)
{
    static const size_t sizes[] = {1, 2, 7, 8, 9, 31, 32, 33, 40, 300, 4095, 4096, 4097, 61440, 61441, 65536, 70000, MOST};
    uint8_t *in = take(MOST);

    (void)state;
    for (int level = 1; level <= LEVELS; level++) {
        void *st = engine->open(level);

        assert_non_null(st);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int kind = 0; kind < 12; kind++) {
                size_t n = sizes[s];
                bytes b;

                fill(in, n, kind);
                b = packed(st, in, n, CK_PNG_FINISH);
                check_inflates(b, in, n, true);
                free(b.at);
            }
        engine->close(st);
    }
    free(in);
}

/* What was compressed before leaves no trace: a strip's bytes do not depend on who compresses it. */
static void state_leaves_no_trace(void **state)
{
    uint8_t *in = take(MOST), *other = take(MOST);

    (void)state;
    fill(in, MOST, 9);
    for (int level = 1; level <= LEVELS; level++) {
        void *fresh = engine->open(level), *used = engine->open(level);
        bytes a, b;

        for (int i = 0; i < 3; i++) {
            fill(other, MOST / 2, i + 6);
            b = packed(used, other, MOST / 2, CK_PNG_FINISH);
            free(b.at);
        }
        a = packed(fresh, in, MOST, CK_PNG_FINISH);
        b = packed(used, in, MOST, CK_PNG_FINISH);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.at, b.at, a.n);
        free(a.at);
        free(b.at);
        engine->close(fresh);
        engine->close(used);
    }
    free(in);
    free(other);
}

/* A strip that another follows ends on a byte, and the two are one stream. */
static void strips_join(void **state)
{
    uint8_t *in = take(MOST);
    void *st = engine->open(2);

    (void)state;
    for (int kind = 0; kind < 12; kind++) {
        size_t first = 1 + noise() % (MOST - 1);
        bytes a, b, both;

        fill(in, MOST, kind);
        a = packed(st, in, first, CK_PNG_FLUSH);
        check_inflates(a, in, first, false);
        b = packed(st, in + first, MOST - first, CK_PNG_FINISH);
        both = (bytes){take(a.n + b.n), a.n + b.n};
        memcpy(both.at, a.at, a.n);
        memcpy(both.at + a.n, b.at, b.n);
        check_inflates(both, in, MOST, true);
        free(a.at);
        free(b.at);
        free(both.at);
    }
    engine->close(st);
    free(in);
}

static void refuses_what_it_cannot(void **state)
{
    uint8_t in[100] = {0}, out[4096];
    void *st = engine->open(1);
    ck_png_space little = {out, engine->bound(sizeof in, 1) - 1}, enough = {out, sizeof out};

    (void)state;
    assert_false(engine->put(st, in, sizeof in, CK_PNG_FINISH, &little));
    assert_false(engine->put(st, in, sizeof in, CK_PNG_MORE, &enough));
    assert_ptr_equal(enough.at, out);
    engine->close(st);
}

/* As libpng opens it for filtered rows. */
static size_t zlib_nbytes(const uint8_t *in, size_t n, int level)
{
    size_t room = compressBound(n) + 100;
    uint8_t *out = take(room);
    z_stream z = {.next_in = (z_const Bytef *)in, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)room};

    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_FILTERED), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    free(out);
    return z.total_out;
}

/* What it is for: stretches of a photograph that differ in how much there is to see. */
static void smaller_than_zlib_where_rows_are_filtered(void **state)
{
    uint8_t *in = take(MOST);

    (void)state;
    for (size_t i = 0; i < MOST;) {
        size_t end = i + 3000 + noise() % 9000;
        unsigned spread = 2 + noise() % 30;

        for (end = end < MOST ? end : MOST; i < end; i++)
            in[i] = residual(spread);
    }
    for (int level = 1; level <= LEVELS; level++) {
        void *st = engine->open(level);
        bytes b = packed(st, in, MOST, CK_PNG_FINISH);
        size_t theirs = zlib_nbytes(in, MOST, 9);

        if (b.n > theirs - theirs / 50)
            fail_msg("level %d: %zu bytes, and zlib's 9 has %zu", level, b.n, theirs);
        free(b.at);
        engine->close(st);
    }
    free(in);
}

/* Codes that are cut to a length are still whole: the shares of all symbols make one. */
static void codes_are_whole(void **state)
{
    (void)state;
    for (int turn = 0; turn < 3000; turn++) {
        uint32_t counts[CK_PNG_CODE_LITERALS] = {0}, sum = 0, next = 1;
        int n = turn % 2 ? 19 : 286, longest = turn % 2 ? 7 : 14, used = 0;
        ck_png_code c;

        for (int i = 0; i < n; i++) {
            uint32_t v = turn % 3 == 0 ? noise() % 4 : turn % 3 == 1 ? noise() % 3000 : next;

            if (turn % 3 == 2) /* the worst there is for lengths: Fibonacci's, as far as they go */
                next = next < 20000 ? next + next / 2 + 1 : 1;
            counts[i] = turn % 5 == 4 && i % 7 ? 0 : v;
            used += counts[i] > 0;
        }
        ck_png_code_build(&c, counts, n, longest);
        for (int i = 0; i < n; i++) {
            assert_int_equal(c.nbits[i] > 0, counts[i] > 0 || (!used && !i)); /* readers want no empty code */
            assert_true(c.nbits[i] <= longest);
            if (c.nbits[i])
                sum += 1u << (longest - c.nbits[i]);
            for (int k = 0; k < i; k++) /* what is rarer has no shorter code */
                if (counts[i] && counts[k] > counts[i])
                    assert_true(c.nbits[k] <= c.nbits[i]);
        }
        if (used > 1)
            assert_int_equal(sum, 1u << longest);
    }
}

/* RFC 1951, clause 3.2.5, by its table. */
static void lengths_and_distances_are_the_standards(void **state)
{
    uint32_t base = 3;

    (void)state;
    for (int symbol = 0; symbol < 28; symbol++) {
        int extra = symbol < 8 ? 0 : symbol / 4 - 1;

        for (uint32_t k = 0; k < 1u << extra && base < 258; k++, base++) {
            ck_png_part p = ck_png_length_part(base);

            assert_int_equal(p.symbol, symbol);
            assert_int_equal(p.extra_nbits, extra);
            assert_int_equal(p.extra, k);
        }
    }
    assert_int_equal(base, 258);
    assert_int_equal(ck_png_length_part(258).symbol, 28);
    assert_int_equal(ck_png_length_part(258).extra_nbits, 0);
    base = 0;
    for (int symbol = 0; symbol < 30; symbol++) {
        int extra = symbol < 4 ? 0 : symbol / 2 - 1;

        for (uint32_t k = 0; k < 1u << extra; k++, base++) {
            ck_png_part p = ck_png_distance_part(base);

            assert_int_equal(p.symbol, symbol);
            assert_int_equal(p.extra_nbits, extra);
            assert_int_equal(p.extra, k);
        }
    }
    assert_int_equal(base, 32768);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inflates_to_the_same),
        cmocka_unit_test(state_leaves_no_trace),
        cmocka_unit_test(strips_join),
        cmocka_unit_test(refuses_what_it_cannot),
        cmocka_unit_test(smaller_than_zlib_where_rows_are_filtered),
        cmocka_unit_test(codes_are_whole),
        cmocka_unit_test(lengths_and_distances_are_the_standards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
