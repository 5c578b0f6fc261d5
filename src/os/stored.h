/* Reading back what was written: whether a file of a folder is still the one it should be. */
#ifndef CK_OS_STORED_H
#define CK_OS_STORED_H

#include "base/error.h"

typedef enum ck_stored {
    CK_STORED_WHOLE,
    CK_STORED_MISSING,
    CK_STORED_SIZE,      /* shorter or longer than it should be */
    CK_STORED_CONTENT,   /* of the right size, with other bytes */
    CK_STORED_UNREADABLE /* not a plain file, or the system does not let it be read */
} ck_stored;

/*
 * Compares the file `name` in the folder `dir` (a descriptor) with its size
 * and its CRC-32. A symbolic link is not followed. *got: its size, where there
 * is one. *os_errno: the system's reason for UNREADABLE, 0 where it is not a
 * plain file. Any thread.
 */
ck_stored ck_stored_check(int dir, const char *name, uint64_t nbytes, uint32_t crc, uint64_t *got, int *os_errno);

#endif
