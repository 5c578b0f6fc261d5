/*
 * Medians of 3 x 3 and 5 x 5 by comparator networks. Included once for each
 * type of sample, after NAME(x) and SAMPLE.
 *
 * Every column of the window is sorted once, in vectors along the row, and
 * shared by the windows that it lies in. A window then sorts its rows: the
 * k-th smallest of the columns from left to right. After that an element has
 * all elements to its left and above below it, which rules out twelve of the
 * 25; comparators on the rest each rule out more, until the median is left.
 * The sequence for 5 x 5 was found by a search that keeps the order known so
 * far and prefers the comparator that rules out most; that it is right was
 * checked with all 6^5 sorted columns of zeros and ones (Knuth's 0-1
 * principle, The Art of Computer Programming 3, 5.3.4).
 */

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))
#define TO_LEAST(a, b) a = LEAST(a, b)
#define TO_MOST(a, b) b = MOST(a, b)
#define SORT(a, b)                                                                                                      \
    do {                                                                                                                \
        SAMPLE least_ = LEAST(a, b);                                                                                    \
        b = MOST(a, b);                                                                                                 \
        a = least_;                                                                                                     \
    } while (0)

/* `step` samples from a row of `in` to the next, `room` from a row of `out` to the next. */
CK_CLONES
static void NAME(sort3)(const SAMPLE *restrict in, ptrdiff_t step, SAMPLE *restrict out, size_t room, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        SAMPLE a = in[i], b = in[(ptrdiff_t)i + step], c = in[(ptrdiff_t)i + 2 * step];
        SORT(a, b);
        SORT(b, c);
        SORT(a, b);
        out[i] = a;
        out[i + room] = b;
        out[i + 2 * room] = c;
    }
}

/* The median of 9 is that of the greatest least, the middle middle and the least greatest of the columns. */
CK_CLONES
static void NAME(median3)(const SAMPLE *restrict in, size_t room, size_t c, SAMPLE *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        SAMPLE a = in[i], b = in[i + c], d = in[i + 2 * c];
        SAMPLE e = in[i + room], f = in[i + room + c], g = in[i + room + 2 * c];
        SAMPLE h = in[i + 2 * room], j = in[i + 2 * room + c], k = in[i + 2 * room + 2 * c];
        TO_MOST(a, b);
        TO_MOST(b, d);
        SORT(e, f);
        TO_LEAST(f, g);
        TO_MOST(e, f);
        TO_LEAST(h, j);
        TO_LEAST(h, k);
        SORT(d, f);
        TO_LEAST(f, h);
        TO_MOST(d, f);
        out[i] = f;
    }
}

CK_CLONES
static void NAME(sort5)(const SAMPLE *restrict in, ptrdiff_t step, SAMPLE *restrict out, size_t room, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const SAMPLE *p = in + i;
        SAMPLE a = p[0], b = p[step], c = p[2 * step], d = p[3 * step], e = p[4 * step];
        SORT(a, d);
        SORT(b, e);
        SORT(a, c);
        SORT(b, d);
        SORT(a, b);
        SORT(c, e);
        SORT(b, c);
        SORT(d, e);
        SORT(c, d);
        out[i] = a;
        out[i + room] = b;
        out[i + 2 * room] = c;
        out[i + 3 * room] = d;
        out[i + 4 * room] = e;
    }
}

#define ROW_OF_5(v, k)                                                                                                  \
    const SAMPLE *v##_ = in + i + (k) * room;                                                                           \
    SAMPLE v##0 = v##_[0], v##1 = v##_[c], v##2 = v##_[2 * c], v##3 = v##_[3 * c], v##4 = v##_[4 * c];                  \
    SORT(v##0, v##3);                                                                                                   \
    SORT(v##1, v##4);                                                                                                   \
    SORT(v##0, v##2);                                                                                                   \
    SORT(v##1, v##3)

CK_CLONES
static void NAME(median5)(const SAMPLE *restrict in, size_t room, size_t c, SAMPLE *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ROW_OF_5(p, 0); /* the two greatest */
        TO_MOST(p0, p1);
        SORT(p2, p4);
        TO_MOST(p1, p2);
        SORT(p3, p4);
        TO_MOST(p2, p3);
        ROW_OF_5(q, 1); /* the three greatest */
        TO_MOST(q0, q1);
        SORT(q2, q4);
        TO_MOST(q1, q2);
        SORT(q3, q4);
        SORT(q2, q3);
        ROW_OF_5(r, 2); /* the three in the middle */
        TO_MOST(r0, r1);
        SORT(r2, r4);
        SORT(r1, r2);
        TO_LEAST(r3, r4);
        SORT(r2, r3);
        ROW_OF_5(s, 3); /* the three smallest */
        SORT(s0, s1);
        SORT(s2, s4);
        SORT(s1, s2);
        TO_LEAST(s3, s4);
        TO_LEAST(s2, s3);
        ROW_OF_5(t, 4); /* the two smallest */
        SORT(t0, t1);
        TO_LEAST(t2, t4);
        TO_LEAST(t1, t2);
        TO_MOST(p4, r1);
        TO_LEAST(q4, s1);
        TO_MOST(q3, s0);
        TO_LEAST(s0, t1);
        TO_MOST(q2, q4);
        TO_LEAST(r3, t0);
        TO_LEAST(r1, s2);
        TO_MOST(p3, q4);
        SORT(r2, s0);
        SORT(r1, r3);
        TO_LEAST(r3, s0);
        TO_MOST(r1, r2);
        SORT(q4, r2);
        TO_MOST(q4, r3);
        TO_LEAST(r2, r3);
        out[i] = r2;
    }
}

static void NAME(small)(int32_t radius, void *scratch, ck_view in, ck_view out)
{
    SAMPLE *sorted = scratch; /* rows of the columns' least samples, the next ones, ... */
    size_t c = in.shape.channels, room = (size_t)in.shape.w * c, n = (size_t)out.shape.w * c;
    ptrdiff_t step = in.stride / (ptrdiff_t)sizeof(SAMPLE);

    for (int32_t y = 0; y < out.shape.h; y++) {
        const SAMPLE *from = (const SAMPLE *)ck_row(in, y);
        SAMPLE *to = (SAMPLE *)ck_row(out, y);
        (radius == 1 ? NAME(sort3) : NAME(sort5))(from, step, sorted, room, room);
        (radius == 1 ? NAME(median3) : NAME(median5))(sorted, room, c, to, n);
    }
}

#undef LEAST
#undef MOST
#undef TO_LEAST
#undef TO_MOST
#undef SORT
#undef ROW_OF_5
#undef NAME
#undef SAMPLE
