/* Where and on what the figures were taken, and what speaks against trusting them. */
#ifndef CK_BENCH_MACHINE_H
#define CK_BENCH_MACHINE_H

#include <stddef.h>
#include <stdint.h>

typedef struct ck_cpu_time {
    double busy_s, stolen_s; /* of all CPUs since the start of the system */
    double throttled_s;      /* of this control group */
} ck_cpu_time;

enum { CK_WARNINGS_MOST = 6, CK_OMP_MOST = 8 };

typedef struct ck_machine {
    char cpu[96], governor[32], kernel[200], file_system[32], compiler[96], flags[200], libraries[400], when[32];
    unsigned online, allowed;  /* CPUs: of the machine; by affinity and quota */
    unsigned affinity;         /* by affinity alone */
    double quota;              /* CPUs by the control group's quota; 0: none */
    double load;               /* of the last minute, before the start */
    uint64_t memory_bytes, available_bytes;
    char omp[CK_OMP_MOST][96]; /* "OMP_NUM_THREADS=2" */
    size_t omp_count;
    char warnings[CK_WARNINGS_MOST][160];
    size_t warning_count;
    ck_cpu_time began;
    double began_s, own_s;     /* when; CPU seconds of this process and its children until then */
    double others;             /* CPUs that other programs kept busy meanwhile */
} ck_machine;

/* Before the start. `folder`: whose file system is named. workers: the most of any case. */
void ck_machine_look(ck_machine *m, const char *folder, unsigned workers);

/* After the end: what else ran meanwhile. */
void ck_machine_look_back(ck_machine *m);

#endif
