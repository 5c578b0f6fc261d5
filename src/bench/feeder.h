/*
 * A server of one file on the loopback address that lets every reader wait: slow inputs that are equally slow for every
 * mode and on every machine. In a process of its own, so that it takes no time of the runs that it is asked by but
 * what copying the file costs.
 */
#ifndef CK_BENCH_FEEDER_H
#define CK_BENCH_FEEDER_H

#include <chunkimg/chunkimg.h>
#include <sys/types.h>

typedef struct ck_feeder {
    pid_t pid; /* 0 or less: none runs */
    int end;   /* closed: it ends */
    int port;
} ck_feeder;

/*
 * Serves `path` at http://127.0.0.1:PORT/WHATEVER, every request `delay_s` seconds after it came, any number up to 64
 * at the same time. Forks: call it from a process without threads. On failure nothing runs.
 */
chunkimg_status ck_feeder_start(ck_feeder *f, const char *path, double delay_s, chunkimg_error *err);

/* One that does not run is fine. */
void ck_feeder_stop(ck_feeder *f);

#endif
