#!/usr/bin/env python3
"""The same work, every way that Python has, beside chunkimg's own modes.

    compare.py [--size N] [--tiles N] [--workers N] [--repeat N] [--short] [--check] [--json FILE]

The work: a gray image is cut into tiles, and each tile gets a median (borders
reflected). In pure Python, of 3 x 3, it is arithmetic that never lets the
global lock go; through the library it is one call that does. That both make
the same pixels is seen by the CRC-32 over all of them. As pure Python takes
hundreds of times as long, the library gets larger images and windows; what is
compared are speed-ups, each over the same work by one worker.

The last column sets each way beside the mode of chunkimg that shows it, by
the quotient of their speed-ups. --check: exit 1 where one of them is further
than 20 percent from 1. Where a Python without the lock is installed
(python3.13t, python3.14t) its threads are measured too.
"""

import argparse
import asyncio
import concurrent.futures
import json
import multiprocessing
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from multiprocessing import shared_memory

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# ---- the image and the arithmetic --------------------------------------------------------------


def paint(size, seed=1):
    """size x size samples: a slope with noise on it, the same on every machine."""
    state, out = seed, bytearray(size * size)
    for i in range(size * size):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = ((i % size) * 160 // size + (i // size) * 60 // size + (state >> 16) % 36) & 255
    return bytes(out)


def write_png(path, pixels, width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + pixels[y * width:(y + 1) * width] for y in range(height))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def reflect(i, n):
    return -i if i < 0 else 2 * n - 2 - i if i >= n else i


def cut(pixels, size, side):
    """Tiles of side x side as (x, y, rows): with one pixel more on each side, reflected at the image's borders."""
    tiles = []
    for y in range(0, size, side):
        for x in range(0, size, side):
            columns = [reflect(i, size) for i in range(x - 1, x + side + 1)]
            inner = slice(x, x + side)
            rows = []
            for j in range(y - 1, y + side + 1):
                at = reflect(j, size) * size
                row = pixels[at:at + size]
                rows.append(bytes((row[columns[0]],)) + row[inner] + bytes((row[columns[-1]],)))
            tiles.append((x, y, b"".join(rows)))
    return tiles


def median(padded, side):
    """The middle one of the nine samples around each: nothing but Python's own arithmetic."""
    wide, out = side + 2, bytearray(side * side)
    for y in range(side):
        a, b, c = (padded[(y + i) * wide:(y + i + 1) * wide] for i in range(3))
        at = y * side
        for x in range(side):
            out[at + x] = sorted(a[x:x + 3] + b[x:x + 3] + c[x:x + 3])[4]
    return bytes(out)


def digest(results, size, side):
    """CRC-32 of the tiles' pixels in the order of the image, as chunkimg counts it."""
    image = bytearray(size * size)
    for x, y, out in results:
        for j in range(side):
            image[(y + j) * size + x:(y + j) * size + x + side] = out[j * side:(j + 1) * side]
    return zlib.crc32(image)


# ---- the ways: each takes the work and a number of workers, and returns (x, y, pixels) of every tile ------


def in_line(work, workers):
    return [(x, y, median(rows, work.side)) for x, y, rows in work.tiles]


def shares(tiles, workers):
    return [tiles[i::workers] for i in range(workers)]


def threads(work, workers):
    results = []  # append is atomic

    def carry(share):
        for x, y, rows in share:
            results.append((x, y, median(rows, work.side)))

    team = [threading.Thread(target=carry, args=(share,)) for share in shares(work.tiles, workers)]
    for t in team:
        t.start()
    for t in team:
        t.join()
    return results


def _pickled(job):
    x, y, rows, side = job
    return x, y, median(rows, side)


def processes_pickled(work, workers):
    """Every tile's pixels go through a pipe, there and back."""
    with multiprocessing.Pool(workers) as pool:
        return pool.map(_pickled, [(x, y, rows, work.side) for x, y, rows in work.tiles], chunksize=1)


def _shared(name_in, name_out, side, share):
    source, target = shared_memory.SharedMemory(name_in), shared_memory.SharedMemory(name_out)
    padded = (side + 2) * (side + 2)
    for i in share:
        out = median(bytes(source.buf[i * padded:(i + 1) * padded]), side)
        target.buf[i * side * side:(i + 1) * side * side] = out
    source.close()
    target.close()


def processes_shared(work, workers):
    """The pixels lie in memory that all see; only numbers of tiles travel."""
    side, n = work.side, len(work.tiles)
    padded = (side + 2) * (side + 2)
    source = shared_memory.SharedMemory(create=True, size=n * padded)
    target = shared_memory.SharedMemory(create=True, size=n * side * side)
    try:
        for i, (_, _, rows) in enumerate(work.tiles):
            source.buf[i * padded:(i + 1) * padded] = rows
        team = [multiprocessing.Process(target=_shared, args=(source.name, target.name, side, share))
                for share in shares(range(n), workers)]
        for p in team:
            p.start()
        for p in team:
            p.join()
        return [(x, y, bytes(target.buf[i * side * side:(i + 1) * side * side]))
                for i, (x, y, _) in enumerate(work.tiles)]
    finally:
        for memory in (source, target):
            memory.close()
            memory.unlink()


def event_loop(work, workers):
    """Tasks on one loop: each holds it until its tile is done."""
    async def carry(x, y, rows):
        return x, y, median(rows, work.side)

    async def all_of_them():
        return await asyncio.gather(*(carry(*tile) for tile in work.tiles))

    return asyncio.run(all_of_them())


def event_loop_to_thread(work, workers):
    async def all_of_them():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(workers))
        return await asyncio.gather(*(asyncio.to_thread(_pickled, (*tile, work.side)) for tile in work.tiles))

    return asyncio.run(all_of_them())


HEAVY = "median=5"  # the library's share of the work: enough that decoding does not show

# ---- through the library: every call is one image, cut and filtered, without the lock -----------------------


def call(work, i):
    return work.library.run(work.images[i], mode="serial", output="none", op=HEAVY, tile_size=work.native // 8)["digest"]


def library_in_line(work, workers):
    return [call(work, i) for i in range(len(work.images))]


def library_threads(work, workers):
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda i: call(work, i), range(len(work.images))))


def library_event_loop(work, workers):
    async def carry(i):
        return call(work, i)

    async def all_of_them():
        return await asyncio.gather(*(carry(i) for i in range(len(work.images))))

    return asyncio.run(all_of_them())


def library_to_thread(work, workers):
    async def all_of_them():
        asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(workers))
        return await asyncio.gather(*(asyncio.to_thread(call, work, i) for i in range(len(work.images))))

    return asyncio.run(all_of_them())


# ---- measuring -------------------------------------------------------------------------------------------------


class Work:
    """Pure Python's image and its tiles, and the library's larger images."""

    def __init__(self, size, tiles, factor, library, folder):
        self.size, self.side, self.library = size, size // tiles, library
        self.pixels = paint(size)
        self.tiles = cut(self.pixels, size, self.side)
        self.path = os.path.join(folder, "small.png")
        write_png(self.path, self.pixels, size, size)
        big = b"".join(self.pixels[y * size:(y + 1) * size] * factor for y in range(size)) * factor
        self.native = size * factor
        self.images = [os.path.join(folder, "large.png")] * 4
        write_png(self.images[0], big, self.native, self.native)


def measure(way, work, workers, repeat):
    """Median of the wall times, and what was made (the same every time, or an error)."""
    times, made = [], set()
    for _ in range(repeat):
        began = time.perf_counter()
        results = way(work, workers)
        times.append(time.perf_counter() - began)
        made.add(digest(results, work.size, work.side) if isinstance(results[0], tuple) else tuple(results))
    if len(made) != 1:
        sys.exit("compare: %s made different pixels from one run to the next" % way.__name__)
    return statistics.median(times), made.pop()


# label, the way, whether through the library, the mode that shows it, what that mode is compared by
WAYS = [
    ("one thread", in_line, False, "serial"),
    ("threads", threads, False, "gil"),
    ("processes, pickled", processes_pickled, False, "processes"),
    ("processes, shared memory", processes_shared, False, "processes"),
    ("asyncio", event_loop, False, "async"),
    ("asyncio, to_thread", event_loop_to_thread, False, "gil"),
    ("library, one thread", library_in_line, True, "serial"),
    ("library, threads", library_threads, True, "threads"),
    ("library, asyncio", library_event_loop, True, "async"),
    ("library, asyncio, to_thread", library_to_thread, True, "threads"),
]


def own_modes(work, workers, repeat):
    """chunkimg's modes on one large image, each in a process of its own as the program runs them."""
    seconds, baseline = {}, None
    for mode in ("serial", "gil", "async", "threads", "processes"):
        times = []
        for _ in range(repeat):
            script = ("import sys; sys.path.insert(0, %r); import chunkimg\n"
                      "r = chunkimg.run(%r, mode=%r, workers=%d, output='none', op=%r, tile_size=%d)\n"
                      "print(r['wall_s'], r['digest'])"
                      % (os.path.dirname(os.path.abspath(__file__)), work.images[0], mode, workers, HEAVY, work.native // 8))
            done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
            if done.returncode:
                break  # not in this build
            wall, pixels = done.stdout.split()
            if baseline not in (None, pixels):
                sys.exit("compare: mode %s made other pixels than serial" % mode)
            baseline = pixels
            times.append(float(wall))
        if times:
            seconds[mode] = statistics.median(times)
    return {mode: (s, seconds["serial"] / s) for mode, s in seconds.items()}


def free_threaded():
    for name in ("python3.14t", "python3.13t"):
        if shutil.which(name):
            return name
    return None


def free_threaded_row(python, args):
    command = [python, os.path.abspath(__file__), "--threads-only", "--size", str(args.size), "--tiles", str(args.tiles),
               "--workers", str(args.workers), "--repeat", str(args.repeat)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None
    return json.loads(done.stdout)


def threads_only(args):
    with tempfile.TemporaryDirectory() as folder:
        work = Work(args.size, args.tiles, 1, None, folder)
        alone, made = measure(in_line, work, 1, args.repeat)
        seconds, same = measure(threads, work, args.workers, args.repeat)
        if made != same:
            sys.exit("compare: threads made other pixels")
        json.dump({"seconds": seconds, "speedup": alone / seconds}, sys.stdout)


def rows_of(work, args):
    """(label, seconds, speed-up, mode that shows it) of every way; and whether the pixels are the library's."""
    rows, alone, made = [], {}, {}
    for label, way, native, mode in WAYS:
        seconds, pixels = measure(way, work, args.workers, args.repeat)
        alone.setdefault(native, seconds)
        if made.setdefault(native, pixels) != pixels:
            sys.exit("compare: %s made other pixels than one thread" % label)
        rows.append((label, seconds, alone[native] / seconds, mode))
    own = work.library.run(work.path, mode="serial", output="none", op="median=1", tile_size=work.side)["digest"]
    if own != made[False]:
        sys.exit("compare: pure Python made %08x and the library %08x" % (made[False], own))
    return rows


def show(rows, modes, args, work):
    """The table. Returns the ways that are not within 20 percent of the mode that shows them."""
    far = []
    print("Python %s, %d workers; pure Python: %d x %d pixels in tiles of %d; library: %d images of %d x %d"
          % (sys.version.split()[0], args.workers, work.size, work.size, work.side, len(work.images), work.native, work.native))
    print("%-30s %10s %9s   %s" % ("way", "seconds", "speed-up", "beside chunkimg's own"))
    for label, seconds, speedup, mode in rows:
        beside = "-"
        if mode in modes:
            quotient = speedup / modes[mode][1]
            beside = "%-10s %5.2f   quotient %.2f" % (mode, modes[mode][1], quotient)
            if not 0.8 <= quotient <= 1.25:
                far.append(label)
                beside += "  more than 20 % apart"
        elif mode:
            beside = "%s is not in this build" % mode
        print("%-30s %10.4f %9.2f   %s" % (label, seconds, speedup, beside))
    for mode, (seconds, speedup) in modes.items():
        print("%-30s %10.4f %9.2f" % ("chunkimg --mode " + mode, seconds, speedup))
    return far


def parse():
    p = argparse.ArgumentParser(description="The same work, every way that Python has, beside chunkimg's own modes.")
    p.add_argument("--size", type=int, default=768, help="of pure Python's image, each way (768 pixels)")
    p.add_argument("--tiles", type=int, default=8, help="each way (8)")
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--repeat", type=int, default=5)
    p.add_argument("--factor", type=int, default=6, help="how many times larger, each way, the library's images are (6)")
    p.add_argument("--short", action="store_true", help="a small image, once: shows that all of it works")
    p.add_argument("--check", action="store_true", help="exit 1 where Python and a mode are more than 20 percent apart")
    p.add_argument("--json", help="the table as a file")
    p.add_argument("--threads-only", action="store_true", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.short:
        args.size, args.tiles, args.repeat, args.factor = 96, 4, 1, 4
    if args.size % args.tiles or args.size < args.tiles * 2:
        p.error("the tiles must divide the size")
    return args


def main():
    args = parse()
    if args.threads_only:
        return threads_only(args)
    import chunkimg  # not where only threads are measured: no library is needed there

    with tempfile.TemporaryDirectory() as folder:
        work = Work(args.size, args.tiles, args.factor, chunkimg.library(), folder)
        modes = own_modes(work, args.workers, args.repeat)
        rows = rows_of(work, args)
        python = free_threaded()
        if python:
            free = free_threaded_row(python, args)
            if free:
                rows.append(("threads, " + python, free["seconds"], free["speedup"], "threads"))
        far = show(rows, modes, args, work)
        if not python:
            print("no Python without the lock is installed (python3.13t, python3.14t)")
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"workers": args.workers, "python": sys.version.split()[0],
                       "ways": [{"way": r[0], "seconds": r[1], "speedup": r[2], "mode": r[3]} for r in rows],
                       "modes": {m: {"seconds": s, "speedup": u} for m, (s, u) in modes.items()}}, f, indent=2)
    if args.check and far:
        print("more than 20 percent from the mode that shows it: " + "; ".join(far))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
