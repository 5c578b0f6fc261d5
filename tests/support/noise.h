/* Numbers without a pattern, the same in every run: xorshift of 32 bits (Marsaglia 2003). */
#ifndef CK_TESTS_NOISE_H
#define CK_TESTS_NOISE_H

#include <stdint.h>

static uint32_t noise_state = 1;

static inline uint32_t noise(void)
{
    noise_state ^= noise_state << 13;
    noise_state ^= noise_state >> 17;
    noise_state ^= noise_state << 5;
    return noise_state;
}

#endif
