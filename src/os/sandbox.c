#include "os/sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/usage.h"

#ifdef CK_HAVE_SECCOMP
#include <seccomp.h>
#endif

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) || \
    HAS_FEATURE(thread_sanitizer) || HAS_FEATURE(memory_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

bool ck_sandbox_never(void)
{
    return SANITIZED;
}

#ifdef CK_HAVE_SECCOMP

/* libseccomp is looked up when it is needed: no other run pays for it. */
struct ck_sandbox {
    void *library;
    int landlock; /* version of the kernel's; 0: none */
    scmp_filter_ctx (*init)(uint32_t);
    int (*add)(scmp_filter_ctx, uint32_t, int, unsigned, ...);
    int (*load)(const scmp_filter_ctx);
    void (*release)(scmp_filter_ctx);
};

static bool find_functions(ck_sandbox *s)
{
    /* POSIX lets a function's address travel in a void *, C does not: through a union it may. */
    union {
        void *any;
        scmp_filter_ctx (*init)(uint32_t);
        int (*add)(scmp_filter_ctx, uint32_t, int, unsigned, ...);
        int (*load)(const scmp_filter_ctx);
        void (*release)(scmp_filter_ctx);
    } f;

    f.any = dlsym(s->library, "seccomp_init");
    s->init = f.init;
    f.any = dlsym(s->library, "seccomp_rule_add");
    s->add = f.add;
    f.any = dlsym(s->library, "seccomp_load");
    s->load = f.load;
    f.any = dlsym(s->library, "seccomp_release");
    s->release = f.release;
    return s->init && s->add && s->load && s->release;
}

static int landlock_version(void)
{
#ifdef SYS_landlock_create_ruleset
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version > 0 ? (int)version : 0;
#else
    return 0;
#endif
}

ck_sandbox *ck_sandbox_load(const char **why)
{
    ck_sandbox *s;

    *why = NULL;
    if (SANITIZED) {
        *why = "this build has a sanitizer, whose runtime opens files of its own";
        return NULL;
    }
    if (prctl(PR_GET_SECCOMP) < 0) {
        *why = "the kernel has no seccomp";
        return NULL;
    }
    s = calloc(1, sizeof *s);
    if (!s) {
        *why = "out of memory";
        return NULL;
    }
    s->library = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!s->library || !find_functions(s)) {
        *why = "libseccomp.so.2 cannot be loaded";
        ck_sandbox_free(&s);
        return NULL;
    }
    s->landlock = landlock_version();
    return s;
}

void ck_sandbox_free(ck_sandbox **s)
{
    if (*s && (*s)->library)
        dlclose((*s)->library);
    free(*s);
    *s = NULL;
}

const char *ck_sandbox_layers(const ck_sandbox *s)
{
    return s->landlock ? "seccomp, Landlock" : "seccomp";
}

/*
 * What the plan says is kept to within a tenth; the factor and the rest are for
 * what allocators keep back, and for operations that are loaded. Where the
 * system does not tell what there is already, nothing can be counted from it.
 */
static void limit_memory(uint64_t planned)
{
    enum { FACTOR = 4, BESIDES = 64 << 20 };
    uint64_t now = ck_usage_data();
    struct rlimit memory;

    if (!now || planned > UINT64_MAX / (2 * FACTOR) || getrlimit(RLIMIT_DATA, &memory))
        return;
    now += FACTOR * planned + BESIDES;
    if (memory.rlim_max > now)
        memory.rlim_max = now;
    if (memory.rlim_cur > now)
        memory.rlim_cur = now;
    (void)setrlimit(RLIMIT_DATA, &memory);
}

void ck_sandbox_limit(const ck_sandbox *s, uint64_t file_nbytes, uint64_t memory_nbytes)
{
    const struct rlimit none = {0, 0}, file = {file_nbytes, file_nbytes};

    (void)s;
    /* Lowering a limit cannot fail, and none of them is what holds the process. Root is not counted by NPROC: seccomp is. */
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)setrlimit(RLIMIT_NPROC, &none);
    (void)setrlimit(RLIMIT_FSIZE, &file);
    limit_memory(memory_nbytes);
}

/* ---- Landlock -------------------------------------------------------------------- */

#ifdef SYS_landlock_create_ruleset

static int forbid_paths(int ruleset)
{
    int failed = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);

    return failed ? errno : 0;
}

static int allow_reading(int ruleset, int folder)
{
    struct landlock_path_beneath_attr inside = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE, .parent_fd = folder};

    if (folder < 0)
        return 0;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &inside, 0) ? errno : 0;
}

/* Every right to files that the first version knows: the later ones only divide what this one holds together. */
static int enter_landlock(int from)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    int why = ruleset < 0 ? errno : 0;

    if (!why)
        why = allow_reading(ruleset, from);
    if (!why)
        why = forbid_paths(ruleset);
    if (ruleset >= 0)
        close(ruleset);
    return why;
}

#else

static int enter_landlock(int from)
{
    (void)from;
    return ENOSYS;
}

#endif

/* ---- seccomp ---------------------------------------------------------------------- */

/* What computing takes, and reading and writing what is open. None of them takes a path. */
static const int allowed[] = {
    SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek),
    SCMP_SYS(close), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto),
    SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
    /* time, turns and signals of its own */
    SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getrusage), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

static int add_reading(const ck_sandbox *s, scmp_filter_ctx filter, int from)
{
    const scmp_datum_t mask = O_ACCMODE | O_CREAT | O_TRUNC | O_NOFOLLOW, reads = O_RDONLY | O_NOFOLLOW;
    int failed = s->add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2, SCMP_A0_32(SCMP_CMP_EQ, (scmp_datum_t)from, 0),
                        SCMP_A2_32(SCMP_CMP_MASKED_EQ, mask, reads));

    /* fstat, which the C library says in another way on some kernels */
    if (!failed)
        failed = s->add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fstat), 0);
    if (!failed)
        failed = s->add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, SCMP_A3_32(SCMP_CMP_EQ, AT_EMPTY_PATH, 0));
    return failed;
}

static int add_rules(const ck_sandbox *s, scmp_filter_ctx filter, int from)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && !failed; i++)
        failed = s->add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    /* raise and abort: a signal to itself and nobody else */
    if (!failed)
        failed = s->add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0_32(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    if (!failed && from >= 0)
        failed = add_reading(s, filter, from);
    return -failed;
}

/* A refused call fails with EPERM and the worker goes on to say so, where a kill would lose what it has to say. */
static int enter_seccomp(const ck_sandbox *s, int from)
{
    scmp_filter_ctx filter = s->init(SCMP_ACT_ERRNO(EPERM));
    int why;

    if (!filter)
        return ENOMEM;
    why = add_rules(s, filter, from);
    if (!why)
        why = -s->load(filter);
    s->release(filter);
    return why;
}

ck_status ck_sandbox_enter(const ck_sandbox *s, int from, unsigned *layers, ck_error *err)
{
    int why = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : 0;

    *layers = 0;
    if (!why && s->landlock && !enter_landlock(from))
        *layers |= CK_SANDBOX_LANDLOCK;
    if (!why)
        why = enter_seccomp(s, from);
    if (why)
        return ck_fail_os(err, why, "confining a worker process");
    *layers |= CK_SANDBOX_SECCOMP;
    return CK_OK;
}

#else /* no libseccomp */

struct ck_sandbox {
    int unused;
};

ck_sandbox *ck_sandbox_load(const char **why)
{
    *why = SANITIZED ? "this build has a sanitizer, whose runtime opens files of its own" : "this build goes without libseccomp";
    return NULL;
}

void ck_sandbox_free(ck_sandbox **s)
{
    *s = NULL;
}

const char *ck_sandbox_layers(const ck_sandbox *s)
{
    (void)s;
    return "";
}

void ck_sandbox_limit(const ck_sandbox *s, uint64_t file_nbytes, uint64_t memory_nbytes)
{
    (void)s;
    (void)file_nbytes;
    (void)memory_nbytes;
}

ck_status ck_sandbox_enter(const ck_sandbox *s, int from, unsigned *layers, ck_error *err)
{
    (void)s;
    (void)from;
    *layers = 0;
    return ck_fail(err, CHUNKIMG_SYSTEM, "confining a worker process: this build goes without libseccomp");
}

#endif
