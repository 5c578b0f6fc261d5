#include "op/resample.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"

/* ---- filters -------------------------------------------------------------- */

static double sinc(double x)
{
    static const double pi = 3.14159265358979323846;

    return x == 0 ? 1 : sin(pi * x) / (pi * x);
}

static double bilinear(double x)
{
    return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

static double lanczos3(double x)
{
    return fabs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

/* Half the filter's width in input pixels. */
static double support(const ck_axis *a, ck_filter filter)
{
    static const double widths[] = {[CK_FILTER_BOX] = 0.5, [CK_FILTER_BILINEAR] = 1, [CK_FILTER_LANCZOS3] = 3};
    double stretch = a->scale > 1 || filter == CK_FILTER_BOX ? a->scale : 1;

    return widths[filter] * stretch;
}

/* How much of input pixel j, which is [j, j + 1), output pixel i has. */
static double weight(const ck_axis *a, ck_filter filter, int32_t i, int32_t j)
{
    double stretch = a->scale > 1 ? a->scale : 1, middle = (i + 0.5) * a->scale;
    double from, to;

    switch (filter) {
    case CK_FILTER_BILINEAR: return bilinear((j + 0.5 - middle) / stretch);
    case CK_FILTER_LANCZOS3: return lanczos3((j + 0.5 - middle) / stretch);
    case CK_FILTER_BOX: break;
    }
    from = i * a->scale;
    to = (i + 1) * a->scale;
    from = from > j ? from : j;
    to = to < j + 1.0 ? to : j + 1.0;
    return to > from ? to - from : 0;
}

/* ---- tables --------------------------------------------------------------- */

static void place(ck_axis *a, ck_filter filter, double half, int32_t i)
{
    double middle = (i + 0.5) * a->scale, first, last;

    if (filter == CK_FILTER_BOX) {
        first = floor(i * a->scale);
        last = ceil((i + 1) * a->scale) - 1;
    } else { /* strictly inside the support */
        first = floor(middle - half - 0.5) + 1;
        last = ceil(middle + half - 0.5) - 1;
    }
    first = first < 0 ? 0 : first;
    last = last > a->in - 1 ? a->in - 1 : last;
    first = first > last ? last : first;
    a->start[i] = (int32_t)first;
    a->count[i] = (int32_t)(last - first) + 1;
}

/*
 * In fixed point the exact running sums, rounded, leave whole weights whose
 * sum is exact and whose errors do not add up.
 */
static void set_weights(ck_axis *a, ck_filter filter, int32_t i)
{
    const double one = 1 << CK_WEIGHT_BITS_8;
    double total = 0, sum = 0, before = 0;

    for (int32_t k = 0; k < a->count[i]; k++)
        total += weight(a, filter, i, a->start[i] + k);
    for (int32_t k = 0; k < a->count[i]; k++) {
        double w = weight(a, filter, i, a->start[i] + k), now;

        sum += w;
        if (a->real) {
            *ck_axis_real(a, k, i) = (float)(w / total);
            continue;
        }
        now = k + 1 == a->count[i] ? one : floor(sum / total * one + 0.5);
        ck_axis_pair(a, k / 2, i)[k % 2] = (int16_t)(now - before);
        before = now;
    }
}

static bool allocate(ck_axis *a, int depth)
{
    size_t n;

    if (!ck_mul((size_t)a->out + CK_AXIS_SPARE, (size_t)a->taps + 1, &n))
        return false;
    if (depth == 8)
        a->narrow = calloc(n, sizeof *a->narrow);
    else
        a->real = calloc(n, sizeof *a->real);
    return a->narrow || a->real;
}

static int32_t span(const ck_axis *a, int32_t n)
{
    int32_t most = 0;

    for (int32_t i = 0; i < a->out; i++) /* beyond the last one the table repeats it */
        most = a->start[i + n] - a->start[i] > most ? a->start[i + n] - a->start[i] : most;
    return most;
}

ck_status ck_axis_make(ck_axis *a, int32_t in, int32_t out, ck_filter filter, int depth, ck_error *err)
{
    double half;

    *a = (ck_axis){.in = in, .out = out, .scale = (double)in / out};
    half = support(a, filter);
    a->reach = (int32_t)fmin(2 * half + 2, in);
    a->start = malloc(((size_t)out + CK_AXIS_SPARE) * sizeof *a->start);
    a->count = malloc((size_t)out * sizeof *a->count);
    if (!a->start || !a->count)
        return ck_fail_memory(err, (size_t)out * sizeof *a->start, "preparing a change of size");
    for (int32_t i = 0; i < out; i++) {
        place(a, filter, half, i);
        a->taps = a->count[i] > a->taps ? a->count[i] : a->taps;
    }
    for (size_t i = 0; i < CK_AXIS_SPARE; i++)
        a->start[(size_t)out + i] = a->start[out - 1];
    for (int32_t c = 1; c <= 4; c++)
        a->spans[c - 1] = span(a, 15 / c);
    if (!allocate(a, depth))
        return ck_fail_memory(err, (size_t)out * (size_t)a->taps, "preparing a change of size");
    for (int32_t i = 0; i < out; i++)
        set_weights(a, filter, i);
    return CK_OK;
}

void ck_axis_release(ck_axis *a)
{
    free(a->start);
    free(a->count);
    free(a->narrow);
    free(a->real);
    *a = (ck_axis){0};
}

void ck_axis_need(const ck_axis *a, int32_t from, int32_t n, int32_t *first, int32_t *count)
{
    int32_t last = from + n - 1;

    *first = a->start[from];
    *count = a->start[last] + a->count[last] - *first;
}

int32_t ck_axis_most(const ck_axis *a, int32_t n)
{
    double most = (double)(n - 1) * a->scale + a->reach + 1;

    return most < a->in ? (int32_t)most : a->in;
}
