#include "os/cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <chunkimg/chunkimg.h>

static unsigned affinity_cpus(void)
{
    /* Machines with more CPUs than a fixed cpu_set_t holds answer EINVAL until the set is large enough. */
    for (size_t most = 1024; most <= 1u << 20; most *= 4) {
        cpu_set_t *set = CPU_ALLOC(most);
        unsigned n = 0;

        if (!set)
            break;
        if (!sched_getaffinity(0, CPU_ALLOC_SIZE(most), set))
            n = (unsigned)CPU_COUNT_S(CPU_ALLOC_SIZE(most), set);
        CPU_FREE(set);
        if (n)
            return n;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

/* Reads up to two numbers; "max" reads as -1. */
static int read_numbers(const char *path, long long out[2])
{
    char line[128];
    FILE *f = fopen(path, "re");
    int n = 0;

    if (!f)
        return 0;
    if (fgets(line, sizeof line, f)) {
        char *rest = NULL;
        for (char *word = strtok_r(line, " \n", &rest); word && n < 2; word = strtok_r(NULL, " \n", &rest))
            out[n++] = !strcmp(word, "max") ? -1 : atoll(word);
    }
    fclose(f);
    return n;
}

static unsigned quota_of(long long quota, long long period, unsigned least)
{
    if (quota <= 0 || period <= 0)
        return least;
    unsigned long long cpus = ((unsigned long long)quota + (unsigned long long)period - 1) / (unsigned long long)period;
    return cpus < least ? (unsigned)cpus : least;
}

static unsigned quota_v2(const char *group, unsigned least)
{
    char path[700], file[800];
    long long n[2];

    snprintf(path, sizeof path, "/sys/fs/cgroup%s", strcmp(group, "/") ? group : "");
    /* A quota anywhere above binds too. */
    while (strlen(path) >= strlen("/sys/fs/cgroup")) {
        snprintf(file, sizeof file, "%s/cpu.max", path);
        if (read_numbers(file, n) == 2)
            least = quota_of(n[0], n[1], least);
        *strrchr(path, '/') = 0;
    }
    return least;
}

static unsigned quota_v1(const char *group, unsigned least)
{
    static const char *const roots[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
    char file[800];
    long long quota[2], period[2];

    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        for (int top = strcmp(group, "/") == 0; top < 2; top++) {
            snprintf(file, sizeof file, "%s%s/cpu.cfs_quota_us", roots[i], top ? "" : group);
            if (read_numbers(file, quota) < 1)
                continue;
            snprintf(file, sizeof file, "%s%s/cpu.cfs_period_us", roots[i], top ? "" : group);
            if (read_numbers(file, period) >= 1)
                least = quota_of(quota[0], period[0], least);
        }
    return least;
}

/* CPUs that all quotas together allow, up to `least`. */
static unsigned quota_cpus(unsigned least)
{
    char line[600];
    FILE *f = fopen("/proc/self/cgroup", "re");

    if (!f)
        return least;
    while (fgets(line, sizeof line, f)) {
        char *kinds = strchr(line, ':'), *group = kinds ? strchr(kinds + 1, ':') : NULL;

        line[strcspn(line, "\n")] = 0;
        if (!group)
            continue;
        *group++ = 0;
        if (kinds[1] == 0)
            least = quota_v2(group, least);
        else if (strstr(kinds + 1, "cpu") && !strstr(kinds + 1, "cpuset"))
            least = quota_v1(group, least);
    }
    fclose(f);
    return least;
}

/* Affinity may change under way. A quota is read once: that takes as long as decoding a small image. */
unsigned ck_cpus(void)
{
    static atomic_uint known;
    unsigned quota = atomic_load(&known), affinity = affinity_cpus();

    if (!quota) {
        quota = quota_cpus(UINT_MAX);
        atomic_store(&known, quota);
    }
    return quota < affinity ? quota : affinity;
}

unsigned chunkimg_cpus(void)
{
    return ck_cpus();
}
