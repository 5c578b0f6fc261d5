#!/usr/bin/env bash
# labels: modes
# PNG files whose IDATs look independent: decoded in pieces where they are, read once more as one chain where they only
# look it, and refused where they are damaged. The same pixels either way.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need python3 jq

# strips.py FILE FLUSH [bad]: 2000 x 1200 gray in strips of 10 rows, all alike, so that a strip that may look back does;
# the first two strips are always independent
cat >strips.py <<'END'
import random, struct, sys, zlib
path, flush, bad = sys.argv[1], sys.argv[2], len(sys.argv) > 3
w, h, rows = 2000, 1200, 10
random.seed(5)
strip = b"".join(b"\0" + random.randbytes(w) for _ in range(rows))
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
profile = bytearray(144) # the least that libpng takes for one: a header and one tag
struct.pack_into(">I", profile, 0, len(profile))
struct.pack_into(">I4s4s4s", profile, 8, 0x02000000, b"mntr", b"GRAY", b"XYZ ")
struct.pack_into(">4s", profile, 36, b"acsp")
struct.pack_into(">III", profile, 68, 0xf6d6, 0x10000, 0xd32d)
struct.pack_into(">I4sII", profile, 128, 1, b"desc", 136, 8)
out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0))
out += chunk(b"iCCP", b"gray\0\0" + zlib.compress(profile, 0))
pack = zlib.compressobj(6, zlib.DEFLATED, -15)
adler = 1
for i in range(h // rows):
    adler = zlib.adler32(strip, adler)
    data = pack.compress(strip)
    if i == h // rows - 1:
        data += pack.flush(zlib.Z_FINISH)
    else:
        data += pack.flush(zlib.Z_FULL_FLUSH if flush == "full" or i < 3 else zlib.Z_SYNC_FLUSH)
    out += chunk(b"IDAT", (b"\x78\x9c" if i == 0 else b"") + data)
out += chunk(b"IDAT", struct.pack(">I", adler ^ (1 if bad else 0))) + chunk(b"IEND", b"")
open(path, "wb").write(out)
END
python3 strips.py full.png full
python3 strips.py sync.png sync
python3 strips.py bad.png full bad
render 2100x1300 photo.png
expect_exit 0 "$CHUNKIMG" photo.png -o own.png --tiles 40

for input in full.png sync.png own.png; do
    expected=$(digest_of "$input" --mode serial --workers 1)
    for mode in $(all_modes); do
        workers=3
        [ "$mode" != threads ] || workers="2 3 7"
        for n in $workers; do
            expect_equal "$(digest_of "$input" --mode "$mode" --workers "$n" --tile-size 300)" "$expected" "$input, $mode with $n workers"
        done
    done
done
expect_equal "$(digest_of own.png --mode threads --workers 3)" "$(digest_of photo.png --mode serial)" "what was written in strips"
expect_exit 0 "$CHUNKIMG" sync.png --mode processes --workers 3 --tiles 12 -o reread
"$CHUNKIMG_ASSEMBLE" reread sync.png || fail "a file that was read twice"
grep -q iCCP reread/sync_000_000.png || fail "the profile of a file that was read twice is lost"
for mode in serial threads processes; do
    expect_exit 3 "$CHUNKIMG" bad.png --mode "$mode" --workers 3 --tiles 12 -o made
    expect_nothing made
done
