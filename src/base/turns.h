/*
 * Labour in turns, under a global lock. A mode that has one gives the labour
 * these; in all others there is no ck_turns (a NULL pointer), and nothing is
 * called. All of them concern the calling thread, which must hold the lock
 * when it calls check, let_go or native.
 */
#ifndef CK_BASE_TURNS_H
#define CK_BASE_TURNS_H

#include <stdbool.h>
#include <stdint.h>

/* Kernels of native code, each with its own count for the share that runs without the lock. */
enum ck_native { CK_NATIVE_DECODE, CK_NATIVE_PROCESS, CK_NATIVE_ENCODE, CK_NATIVE_FINISH, CK_NATIVE_KINDS };

typedef struct ck_turns {
    void *self;
    void (*check)(void *self);             /* between rows: another thread may have a turn here */
    void (*let_go)(void *self);            /* before a call that waits for the system; may be nested */
    void (*take)(void *self);              /* after it, and after a kernel that ran without the lock */
    bool (*native)(void *self, enum ck_native kind); /* before a kernel: true where the lock was let go, and must be taken */
    uint64_t (*waited_ns)(void *self);     /* how long this thread has waited for the lock so far */
} ck_turns;

static inline void ck_turns_check(const ck_turns *t)
{
    if (t)
        t->check(t->self);
}

static inline void ck_turns_let_go(const ck_turns *t)
{
    if (t)
        t->let_go(t->self);
}

static inline void ck_turns_take(const ck_turns *t)
{
    if (t)
        t->take(t->self);
}

static inline bool ck_turns_native(const ck_turns *t, enum ck_native kind)
{
    return t && t->native(t->self, kind);
}

#endif
