/* Runtimes that end the program where the system refuses a thread are asked for no more than it grants. */
#ifndef CK_EXEC_PROBE_H
#define CK_EXEC_PROBE_H

/* How many of `wanted` threads, the caller's included, can exist at once. At least 1. */
unsigned ck_threads_to_be_had(unsigned wanted);

#endif
