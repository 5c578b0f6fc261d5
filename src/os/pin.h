/* Binding threads to CPUs, and letting go of them again. */
#ifndef CK_OS_PIN_H
#define CK_OS_PIN_H

#include "base/error.h"

/* The CPUs that the thread which made this may run on. Read-only afterwards: any thread may use it. */
typedef struct ck_pins ck_pins;

ck_status ck_pins_make(ck_pins **out, ck_error *err);

/* Binds the calling thread to CPU number `worker` of them, counted round. What the system refuses is no failure. */
void ck_pin(const ck_pins *p, unsigned worker);

/* Gives the calling thread all of them again. */
void ck_unpin(const ck_pins *p);

/* NULL and a pointer to NULL are fine. */
void ck_pins_free(ck_pins **p);

#endif
