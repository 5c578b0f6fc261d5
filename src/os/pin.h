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

/*
 * Moves the calling thread to CPU number `worker` behind the CPU `from`, counted round through those that it may run
 * on, and leaves it free to be moved on. A new thread often begins on the CPU of the one that made it, and stays there
 * for some milliseconds even where others idle, which is the whole of a short run. What the system refuses is no failure.
 */
void ck_spread(int from, unsigned worker);

int ck_current_cpu(void); /* of the calling thread; -1: not known */

/* NULL and a pointer to NULL are fine. */
void ck_pins_free(ck_pins **p);

#endif
