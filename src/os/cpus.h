/* How many CPUs this process may really use. */
#ifndef CK_OS_CPUS_H
#define CK_OS_CPUS_H

/* The smaller of the affinity mask and the cgroup's CPU quota (v2 and v1, every level), rounded up; at least 1. */
unsigned ck_cpus(void);

#endif
