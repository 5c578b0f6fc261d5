/* Size arithmetic that cannot wrap: every function returns false instead. */
#ifndef CK_BASE_CHECKED_H
#define CK_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>

static inline bool ck_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool ck_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* Adds a * b to *sum. */
static inline bool ck_add_mul(size_t *sum, size_t a, size_t b)
{
    size_t product;
    return ck_mul(a, b, &product) && ck_add(*sum, product, sum);
}

static inline size_t ck_round_up(size_t value, size_t to)
{
    return (value + to - 1) / to * to;
}

#endif
