#include "os/usage.h"

#include <fcntl.h>
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

/* The number on the line that begins with `key`, after blanks and a colon; `unknown` where there is none. */
static uint64_t read_number(const char *path, const char *key, uint64_t unknown)
{
    char line[256];
    FILE *f = fopen(path, "re");
    uint64_t value = unknown;

    if (!f)
        return unknown;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) {
            const char *at = line + strlen(key);

            value = strtoull(at + strspn(at, " :\t"), NULL, 10);
            break;
        }
    fclose(f);
    return value;
}

static uint64_t read_kib(const char *path, const char *key)
{
    return read_number(path, key, 0) * 1024;
}

static const char *path_of(pid_t pid, const char *name, char to[64])
{
    snprintf(to, 64, "/proc/%ld/%s", (long)(pid ? pid : getpid()), name);
    return to;
}

/* VmHWM and not ru_maxrss: the latter is inherited from whatever program called exec. */
uint64_t ck_usage_peak_rss(pid_t pid)
{
    char path[64];

    return read_kib(path_of(pid, "status", path), "VmHWM:");
}

uint64_t ck_usage_data(void)
{
    return read_kib("/proc/self/status", "VmData:");
}

uint64_t ck_usage_peak_share(pid_t pid)
{
    char rollup[64], status[64];
    uint64_t peak = read_kib(path_of(pid, "status", status), "VmHWM:"), now = read_kib(status, "VmRSS:");

    return read_kib(path_of(pid, "smaps_rollup", rollup), "Pss:") + (peak > now ? peak - now : 0);
}

/* A file that only kernels with scheduler statistics have. */
int ck_usage_sched_open(void)
{
    return open("/proc/thread-self/sched", O_RDONLY | O_CLOEXEC);
}

uint64_t ck_usage_migrations(int sched)
{
    static const char key[] = "se.nr_migrations";
    char text[4096];
    ssize_t n = sched < 0 ? -1 : pread(sched, text, sizeof text - 1, 0);
    const char *at;

    text[n > 0 ? n : 0] = 0;
    at = strstr(text, key);
    at = at ? strchr(at, ':') : NULL;
    return at ? strtoull(at + 1, NULL, 10) : UINT64_MAX;
}
