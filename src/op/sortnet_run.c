/* Running networks on samples of 8 and 16 bit. */
#include <stdbool.h>
#include <string.h>

#include "op/clones.h"
#include "op/sortnet.h"
#include "op/sortnet_code.h"

#define NAME(x) x##8
#define SAMPLE uint8_t
#include "op/sortnet_run.inc"

#define NAME(x) x##16
#define SAMPLE uint16_t
#include "op/sortnet_run.inc"

void ck_net_run8(const ck_net_code *code, void *slots, const uint8_t *const *inputs, size_t shift)
{
    run8(code, slots, inputs, shift);
}

void ck_net_run16(const ck_net_code *code, void *slots, const uint8_t *const *inputs, size_t shift)
{
    run16(code, slots, inputs, shift);
}
