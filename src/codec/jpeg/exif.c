/* EXIF 2.32 over TIFF 6.0: header, then IFD0 as a count and 12-byte entries of tag, type, count, value. */
#include "codec/exif.h"

#include <stdbool.h>

enum { HEADER_NBYTES = 8, ENTRY_NBYTES = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, TYPE_LONG = 4 };

static unsigned get16(const uint8_t *p, bool big)
{
    return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t get32(const uint8_t *p, bool big)
{
    uint32_t first = get16(p, big), second = get16(p + 2, big);

    return big ? first << 16 | second : second << 16 | first;
}

/* 1 where the entry holds something else than one number from 1 to 8. */
static int orientation_of(const uint8_t *entry, bool big)
{
    unsigned type = get16(entry + 2, big);
    uint32_t value;

    if (get32(entry + 4, big) != 1)
        return 1;
    if (type == TYPE_SHORT)
        value = get16(entry + 8, big);
    else if (type == TYPE_LONG) /* against the standard, but written by some editors */
        value = get32(entry + 8, big);
    else
        return 1;
    return value >= 1 && value <= 8 ? (int)value : 1;
}

int ck_exif_orientation(const uint8_t *tiff, size_t nbytes)
{
    size_t at, entries;
    bool big;

    if (nbytes < HEADER_NBYTES)
        return 1;
    big = tiff[0] == 'M';
    if (tiff[0] != tiff[1] || (tiff[0] != 'I' && !big) || get16(tiff + 2, big) != 42)
        return 1;
    at = get32(tiff + 4, big);
    if (at > nbytes || nbytes - at < 2)
        return 1;
    entries = get16(tiff + at, big);
    at += 2;
    if (entries > (nbytes - at) / ENTRY_NBYTES)
        entries = (nbytes - at) / ENTRY_NBYTES;
    for (size_t i = 0; i < entries; i++) {
        const uint8_t *entry = tiff + at + i * ENTRY_NBYTES;

        if (get16(entry, big) == TAG_ORIENTATION)
            return orientation_of(entry, big);
    }
    return 1;
}
