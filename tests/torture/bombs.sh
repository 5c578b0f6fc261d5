#!/usr/bin/env bash
# Small files that claim much: refused in little time and memory, with the name of the limit and of its option.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need python3

render 64x64 photo.jpg
cat >bombs.py <<'END'
import os, re, shutil, struct, subprocess, sys, time, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(w, h, depth=8, colour=6, interlace=0, before=(), pixels=b""):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlace)) + b"".join(before) + \
        chunk(b"IDAT", zlib.compress(pixels or b"\0" * 1000, 9)) + chunk(b"IEND", b"")
small = open("photo.jpg", "rb").read()
sof = re.search(rb"\xff\xc0\x00.\x08", small).start()
def jpeg(w, h):
    return small[:sof + 5] + struct.pack(">HH", h, w) + small[sof + 9:]
def scans():
    """A progressive file that sends each coefficient in a scan of its own."""
    open("script", "w").write("\n".join("0: %d-%d, 0, 0;" % (k, k) for k in range(64)))
    gray = b"P5 64 64 255 " + bytes((x * y) & 255 for x in range(64) for y in range(64))
    return subprocess.run(["cjpeg", "-scans", "script"], input=gray, stdout=subprocess.PIPE, check=True).stdout
zeros = zlib.compress(b"\0" * (64 << 20), 9)
row = b"\0" * (1 + 64 * 3)
good = zlib.compress(row * 64)
def with_chunks(*before):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)) + b"".join(before) + chunk(b"IDAT", good) + chunk(b"IEND", b"")
# name, bytes, exit codes that are right, what the message names
bombs = [
    ("a JPEG of a kilobyte that claims 65500 x 65500", jpeg(65500, 65500), (4,), "max-pixels"),
    ("a JPEG that claims 40000 x 40000 and ends", jpeg(40000, 40000), (3, 4), None),
    ("a PNG that claims 2^31-1 x 2^31-1", png(2**31 - 1, 2**31 - 1), (3, 4), None),
    ("a PNG that claims 60000 x 60000", png(60000, 60000), (4,), "max-pixels"),
    ("an interlaced PNG that needs the whole image", png(40000, 40000, 8, 6, 1), (3, 4), None),
    ("a PNG of 16 bit that claims 30000 x 60000", png(30000, 60000, 16, 6), (3, 4), None),
    ("a PNG whose few bytes unpack to 64 MiB more than it has pixels", png(8, 8, 8, 0, 0, (), b"\0" * (64 << 20)), (3,), None),
    ("a zTXt that unpacks to 64 MiB", with_chunks(chunk(b"zTXt", b"Comment\0\0" + zeros)), (0,), None),
    ("an iCCP that unpacks to 64 MiB", with_chunks(chunk(b"iCCP", b"icc\0\0" + zeros)), (0,), None),
    ("5000 tEXt chunks", with_chunks(*[chunk(b"tEXt", b"k\0" + b"v" * 50)] * 5000), (0,), None),
    ("an iCCP of 12 MiB", with_chunks(chunk(b"iCCP", b"icc\0\0" + zlib.compress(os.urandom(12 << 20), 0))), (0, 3), None),
]
if shutil.which("cjpeg"):
    many = scans()
    bombs.append(("a JPEG of 64 scans, where 30 are allowed", many, (4,), "max-scans"))
    bombs.append(("a JPEG of 20000 scans, the last one over and over", many[:-2] + many[many.rindex(b"\xff\xda"):-2] * 20000 + b"\xff\xd9", (3, 4), None))
bad = 0
slack = 1 if not os.environ.get("CHUNKIMG_SANITIZED") else 100
for name, data, codes, names in bombs:
    open("bomb", "wb").write(data)
    best = (9e9, 0, 0, b"")
    for _ in range(3):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(w, 2)
            os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
            os.execv(sys.argv[1], [sys.argv[1], "bomb", "-o", "made", "--force", "--tiles", "4", "--mode", "serial"] + (["--max-scans", "30"] if names == "max-scans" else []))
        os.close(w)
        err = b""
        while True:
            part = os.read(r, 4096)
            if not part:
                break
            err += part
        os.close(r)
        _, status, used = os.wait4(pid, 0)
        best = min(best, (used.ru_utime + used.ru_stime, used.ru_maxrss, os.waitstatus_to_exitcode(status), err))
    seconds, kib, code, err = best
    refused = code != 0
    right = code in codes and kib < 32 * 1024 * slack and (not refused or seconds < 0.02 * slack)
    if names and names not in err.decode():
        right = False
    print("%-66s exit %d, %5.1f ms, %4.1f MiB%s" % (name, code, seconds * 1000, kib / 1024, "" if right else "   <- NOT RIGHT: " + err.decode(errors="replace").strip()))
    bad += not right
sys.exit(bad != 0)
END
python3 bombs.py "$CHUNKIMG" || fail "a bomb went off"
