#!/usr/bin/env bash
# The sample for Python: the package over the library, and the comparison of Python's ways with chunkimg's modes.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need python3
python3 -c 'import ctypes, multiprocessing.shared_memory, asyncio' 2>/dev/null || skip "this Python has no ctypes, shared memory or asyncio"
if sanitized; then
    skip "a library with sanitizers needs them in every program"
fi
export CHUNKIMG_LIBRARY=$CHUNKIMG_BUILD/src/libchunkimg.so PYTHONPATH=$CHUNKIMG_SOURCE/samples/python PYTHONDONTWRITEBYTECODE=1
render 400x300 photo.png

cat >use.py <<'PY'
import ctypes, os, sys, threading, time
import chunkimg

r = chunkimg.run("photo.png", output="made", tiles="4x2", op=["median=1", "blur=2"], mode="threads", workers=2, name="{stem}-{index}.{ext}")
print("%08x" % r["digest"])
assert r["tiles"] == 8 and r["tiles_written"] == 8 and r["workers"] == 2, r
assert (r["width"], r["height"], r["channels"], r["depth"]) == (400, 300, 3, 8), r
assert r["mode"] == "threads" and r["output"] == "made" and r["ops"].startswith("median"), r
assert 0 < r["wall_s"] < 100 and len(r["stage_s"]) == 6 and r["mode_reason"] is None, r
assert sorted(os.listdir("made"))[:2] == ["manifest.json", "photo-0.png"], os.listdir("made")

p = chunkimg.plan("photo.png", tile_size=100)
assert p["tiles"] == 12 and p["output"] == "photo_tiles" and not os.path.exists("photo_tiles"), p

for status, text, path, options in (
        (1, "missing.png", "missing.png", {}), (3, "not a PNG", __file__, {}), (2, "there is no 'nosuch'", "photo.png", {"mode": "nosuch"}),
        (2, "0 to 9", "photo.png", {"compression": 10}), (1, "made", "photo.png", {"output": "made"}), (2, "nosuch", "photo.png", {"nosuch": 1}),
        (4, "max-pixels", "photo.png", {"max_pixels": 10})):
    try:
        chunkimg.run(path, **options)
    except chunkimg.Error as e:
        assert e.status == status and text in str(e), (e.status, str(e))
    else:
        sys.exit("no exception: %s" % text)
chunkimg.run("photo.png", output="made", force=True, resume=False)

# The GIL is let go for as long as the library works: this thread has its turns meanwhile.
job = threading.Thread(target=lambda: chunkimg.run("photo.png", output="none", op=["median=40"] * 8, mode="serial"))
turns = 0
job.start()
while job.is_alive():
    turns += 1
    time.sleep(0.002)
assert turns > 3, turns

# A library of another version is refused before any of its structures is touched.
class Other(chunkimg.Library):
    def version(self):
        return "7.0.0"
try:
    Other()
except chunkimg.Error as e:
    assert "7.0.0" in str(e)
else:
    sys.exit("another version was taken")
PY
expect_exit 0 python3 use.py
expect_equal "$(cat "$tmp/out")" "$(digest_of photo.png --op median=1 --op blur=2)" "the digest"
"$CHUNKIMG_ASSEMBLE" made photo.png

# Every way of Python makes the same pixels as the library, or the script says so and fails.
expect_exit 0 python3 "$CHUNKIMG_SOURCE/samples/python/compare.py" --short --json table.json
expect_text "$tmp/out" "processes, shared memory"
expect_text "$tmp/out" "chunkimg --mode threads"
jq -e '(.ways | length) >= 10 and ([.ways[] | .seconds > 0 and .speedup > 0] | all) and .modes.serial.speedup == 1' table.json >/dev/null ||
    fail "$(cat table.json)"
expect_exit 2 python3 "$CHUNKIMG_SOURCE/samples/python/compare.py" --size 100 --tiles 7
