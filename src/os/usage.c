#include "os/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void add(ck_usage *sum, int who)
{
    struct rusage r;

    if (getrusage(who, &r))
        return;
    sum->user_s += (double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec * 1e-6;
    sum->sys_s += (double)r.ru_stime.tv_sec + (double)r.ru_stime.tv_usec * 1e-6;
    sum->voluntary += (uint64_t)r.ru_nvcsw;
    sum->involuntary += (uint64_t)r.ru_nivcsw;
    sum->minor += (uint64_t)r.ru_minflt;
    sum->major += (uint64_t)r.ru_majflt;
}

ck_usage ck_usage_now(void)
{
    ck_usage sum = {0};

    add(&sum, RUSAGE_SELF);
    add(&sum, RUSAGE_CHILDREN);
    return sum;
}

ck_usage ck_usage_since(ck_usage before)
{
    ck_usage now = ck_usage_now();

    now.user_s -= before.user_s;
    now.sys_s -= before.sys_s;
    now.voluntary -= before.voluntary;
    now.involuntary -= before.involuntary;
    now.minor -= before.minor;
    now.major -= before.major;
    return now;
}

/* The number of kB on the line that begins with `key`, in bytes. */
static uint64_t read_kib(const char *path, const char *key)
{
    char line[256];
    FILE *f = fopen(path, "re");
    uint64_t value = 0;

    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) {
            value = strtoull(line + strlen(key), NULL, 10) * 1024;
            break;
        }
    fclose(f);
    return value;
}

/* VmHWM and not ru_maxrss: the latter is inherited from whatever program called exec. */
uint64_t ck_usage_peak_rss(void)
{
    return read_kib("/proc/self/status", "VmHWM:");
}

uint64_t ck_usage_peak_share(pid_t pid)
{
    char rollup[64], status[64];

    snprintf(rollup, sizeof rollup, "/proc/%ld/smaps_rollup", (long)(pid ? pid : getpid()));
    snprintf(status, sizeof status, "/proc/%ld/status", (long)(pid ? pid : getpid()));
    uint64_t peak = read_kib(status, "VmHWM:"), now = read_kib(status, "VmRSS:");
    return read_kib(rollup, "Pss:") + (peak > now ? peak - now : 0);
}
