#include "bench/machine.h"

#include <chunkimg/chunkimg.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "bench/limits.h"

#ifndef CK_BUILD_FLAGS
#define CK_BUILD_FLAGS "not known"
#endif

extern char **environ;

/* ---- reading ------------------------------------------------------------------------------------------ */

/* The first line of a file that begins with `key` ("": any), without what follows `key`'s separator. */
static bool line_of(const char *path, const char *key, char *to, size_t size)
{
    FILE *f = fopen(path, "re");
    char line[512];
    bool found = false;

    if (!f)
        return false;
    while (!found && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) {
            const char *value = line + strlen(key);

            value += strspn(value, " \t:");
            snprintf(to, size, "%.*s", (int)strcspn(value, "\n"), value);
            found = true;
        }
    fclose(f);
    return found;
}

static double number_of(const char *path, const char *key, double otherwise)
{
    char text[128], *end;

    if (!line_of(path, key, text, sizeof text))
        return otherwise;
    double value = strtod(text, &end);
    return end == text ? otherwise : value;
}

/* Busy and stolen seconds of all CPUs: user nice system idle iowait irq softirq steal. */
static ck_cpu_time cpu_time(void)
{
    char text[256];
    unsigned long long n[8] = {0};
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    ck_cpu_time t = {.throttled_s = number_of("/sys/fs/cgroup/cpu.stat", "throttled_usec", 0) * 1e-6};

    if (line_of("/proc/stat", "cpu ", text, sizeof text) &&
        sscanf(text, "%llu %llu %llu %llu %llu %llu %llu %llu", n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7) == 8) {
        t.busy_s = (double)(n[0] + n[1] + n[2] + n[5] + n[6]) * tick;
        t.stolen_s = (double)n[7] * tick;
    }
    return t;
}

static double own_cpu(void)
{
    double sum = 0;

    for (int who = 0; who < 2; who++) {
        struct rusage r;

        if (!getrusage(who ? RUSAGE_CHILDREN : RUSAGE_SELF, &r))
            sum += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
    }
    return sum;
}

/* ---- facts ---------------------------------------------------------------------------------------------- */

static void look_at_cpu(ck_machine *m)
{
    cpu_set_t set;
    char quota[128];
    double most, period;

    if (!line_of("/proc/cpuinfo", "model name", m->cpu, sizeof m->cpu))
        snprintf(m->cpu, sizeof m->cpu, "not known");
    if (!line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", m->governor, sizeof m->governor))
        snprintf(m->governor, sizeof m->governor, "not known");
    m->online = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    m->allowed = chunkimg_cpus();
    m->affinity = sched_getaffinity(0, sizeof set, &set) ? m->online : (unsigned)CPU_COUNT(&set);
    if (line_of("/sys/fs/cgroup/cpu.max", "", quota, sizeof quota) && sscanf(quota, "%lf %lf", &most, &period) == 2)
        m->quota = most / period;
}

/* statfs(2)'s numbers of the file systems that one meets. */
static void look_at_folder(ck_machine *m, const char *folder)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{0xEF53, "ext4"}, {0x01021994, "tmpfs"}, {0x58465342, "xfs"}, {0x9123683E, "btrfs"}, {0x794C7630, "overlayfs"},
                 {0x6969, "nfs"}, {0x2FC12FC1, "zfs"}, {0xF2F52010, "f2fs"}, {0x65735546, "fuse"}, {0x01021997, "9p"},
                 {0x858458f6, "ramfs"}, {0x61756673, "aufs"}, {0xCA451A4E, "bcachefs"}};
    struct statfs s;

    snprintf(m->file_system, sizeof m->file_system, "not known");
    if (statfs(folder, &s))
        return;
    snprintf(m->file_system, sizeof m->file_system, "type %lx", (unsigned long)s.f_type);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((unsigned long)s.f_type == known[i].magic)
            snprintf(m->file_system, sizeof m->file_system, "%s", known[i].name);
}

static void look_at_system(ck_machine *m)
{
    struct utsname u;
    time_t t = time(NULL);
    struct tm utc;

    if (!uname(&u))
        snprintf(m->kernel, sizeof m->kernel, "%.60s %.60s %.30s", u.sysname, u.release, u.machine);
    if (gmtime_r(&t, &utc))
        strftime(m->when, sizeof m->when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    m->memory_bytes = (uint64_t)number_of("/proc/meminfo", "MemTotal", 0) * 1024;
    m->available_bytes = (uint64_t)number_of("/proc/meminfo", "MemAvailable", 0) * 1024;
    if (getloadavg(&m->load, 1) != 1)
        m->load = 0;
}

static void look_at_build(ck_machine *m)
{
#if defined(__clang__)
    snprintf(m->compiler, sizeof m->compiler, "clang %s", __clang_version__);
#elif defined(__GNUC__)
    snprintf(m->compiler, sizeof m->compiler, "gcc %s", __VERSION__);
#else
    snprintf(m->compiler, sizeof m->compiler, "not known");
#endif
    snprintf(m->flags, sizeof m->flags, "%s", CK_BUILD_FLAGS);
    chunkimg_build_info(m->libraries, sizeof m->libraries);
    for (char **e = environ; *e && m->omp_count < CK_OMP_MOST; e++)
        if (!strncmp(*e, "OMP_", 4) || !strncmp(*e, "GOMP_", 5) || !strncmp(*e, "CHUNKIMG_WORKERS", 16))
            snprintf(m->omp[m->omp_count++], sizeof m->omp[0], "%s", *e);
}

/* ---- warnings -------------------------------------------------------------------------------------------- */

static void warn(ck_machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void warn(ck_machine *m, const char *format, ...)
{
    va_list args;

    if (m->warning_count == CK_WARNINGS_MOST)
        return;
    va_start(args, format);
    vsnprintf(m->warnings[m->warning_count++], sizeof m->warnings[0], format, args);
    va_end(args);
}

void ck_machine_look(ck_machine *m, const char *folder, unsigned workers)
{
    *m = (ck_machine){.online = 0};
    look_at_cpu(m);
    look_at_folder(m, folder);
    look_at_system(m);
    look_at_build(m);
    if (m->load > 0.5)
        warn(m, "the machine was busy before the start: load %.2f on %u CPUs", m->load, m->allowed);
    if (workers > m->allowed)
        warn(m, "oversubscribed: up to %u workers on the %u CPU%s that this process may use", workers, m->allowed,
             m->allowed == 1 ? "" : "s");
    if (!strcmp(m->governor, "powersave") || !strcmp(m->governor, "conservative"))
        warn(m, "the CPU's governor is %s: clocks rise while it is measured", m->governor);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    warn(m, "this build runs under a sanitizer: its times say nothing of others");
#endif
    m->began = cpu_time();
    m->began_s = ck_limits_now();
    m->own_s = own_cpu();
}

void ck_machine_look_back(ck_machine *m)
{
    ck_cpu_time t = cpu_time();
    double seconds = ck_limits_now() - m->began_s, others;

    if (seconds < 0.2) /* the kernel counts in hundredths of a second */
        return;
    others = (t.busy_s - m->began.busy_s - (own_cpu() - m->own_s)) / seconds;
    m->others = others > 0 ? others : 0;
    if (m->others > 0.1)
        warn(m, "other programs kept %.2f CPUs busy meanwhile", m->others);
    if ((t.stolen_s - m->began.stolen_s) / seconds > 0.02)
        warn(m, "the host took %.0f %% of a CPU away meanwhile (steal)", 100 * (t.stolen_s - m->began.stolen_s) / seconds);
    if (t.throttled_s - m->began.throttled_s > 0.01 * seconds)
        warn(m, "the control group's quota throttled the runs for %.2f s", t.throttled_s - m->began.throttled_s);
}
