/* What a process has used: CPU time, switches, faults, memory. */
#ifndef CK_OS_USAGE_H
#define CK_OS_USAGE_H

#include <stdint.h>
#include <sys/types.h>

typedef struct ck_usage {
    double user_s, sys_s;
    uint64_t voluntary, involuntary; /* context switches */
    uint64_t minor, major;           /* page faults */
} ck_usage;

/* This process and the children it has waited for, since they began. */
ck_usage ck_usage_now(void);
ck_usage ck_usage_since(ck_usage before);

/* Most bytes that were resident in a process (0: this one) since its program began; 0 where the system does not tell. */
uint64_t ck_usage_peak_rss(pid_t pid);

/*
 * How often a thread was moved to another CPU since it began; UINT64_MAX where
 * the kernel does not tell. `sched`: what ck_usage_sched_open gave that thread,
 * which may be -1; the caller closes it. A thread that will be confined opens
 * it before.
 */
int ck_usage_sched_open(void);
uint64_t ck_usage_migrations(int sched);

/* Private memory that this process may write to, bytes, touched or not: what RLIMIT_DATA counts. 0 where the system does not tell. */
uint64_t ck_usage_data(void);

/*
 * A process's share of memory at its peak (0: this process), bytes: its
 * proportional set size now, and what was resident at its high-water mark and
 * is not any more. 0 where the system does not tell.
 */
uint64_t ck_usage_peak_share(pid_t pid);

#endif
