"""Operations beside OpenCV's and libvips', one core, in turn: prints a Markdown table. Called by scripts/bench-peers --ops.

OpenCV: the call alone, on one thread, into memory that is there already, the fastest of the rounds.
libvips: the command on an uncompressed file in memory, less that of a copy; one thread; the fastest of the rounds.
chunkimg: bench --ops, on tiles of 512 x 512 as a job runs them, the fastest run of the rounds.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

try:
    import cv2
    import numpy
except ImportError as why:
    sys.exit(f"bench-peers --ops: {why}; the Debian package is python3-opencv")


def kernel(side, seed=1):
    """Whole weights from -9 to 9, the same every time."""
    numbers = []
    for _ in range(side * side):
        seed = (seed * 1103515245 + 12345) % 2**31
        numbers.append((seed >> 16) % 19 - 9)
    return numpy.array(numbers, numpy.float32).reshape(side, side)


def conv(side):
    weights = kernel(side)
    text = "conv=" + " ".join(str(int(w)) for w in weights.flat) + ",1"
    return text, lambda im, out: cv2.filter2D(im, -1, weights, dst=out)


def magnitude(im, out):
    """What sobel computes, out of OpenCV's parts."""
    x, y = cv2.Sobel(im, cv2.CV_32F, 1, 0), cv2.Sobel(im, cv2.CV_32F, 0, 1)
    return cv2.convertScaleAbs(cv2.magnitude(x.reshape(-1), y.reshape(-1)), dst=None)


def unsharp(im, out):
    return cv2.addWeighted(im, 2, cv2.GaussianBlur(im, (0, 0), 1), -1, 0, dst=out)


def square(radius):
    return numpy.ones((2 * radius + 1, 2 * radius + 1), numpy.uint8)


def resize(factor, way):
    """Into an image of the right size, made at the first call."""
    made = {}

    def call(im, out):
        size = (round(im.shape[1] * factor), round(im.shape[0] * factor))
        made["out"] = cv2.resize(im, size, dst=made.get("out"), interpolation=way)

    return call


GRAY = "gray image, "  # before operations that OpenCV has for one channel only


def rows():
    """Operation, OpenCV's call (its name, the function), libvips' command: {i} and {o} are its files."""
    table = numpy.arange(256, dtype=numpy.uint8)[::-1].copy()
    gray = {}

    def to_gray(im, out):
        gray["out"] = cv2.cvtColor(im, cv2.COLOR_RGB2GRAY, dst=gray.get("out"))

    yield "gray", "cvtColor", to_gray, "colourspace {i} {o} b-w"
    yield "invert", "bitwise_not", lambda im, out: cv2.bitwise_not(im, dst=out), "invert {i} {o}"
    yield "gamma=2.2", "LUT", lambda im, out: cv2.LUT(im, table, dst=out), "gamma {i} {o}"
    yield "threshold", "threshold", lambda im, out: cv2.threshold(im, 128, 255, cv2.THRESH_BINARY, dst=out), \
        "relational_const {i} {o} moreeq 128"
    for radius in (1, 2, 5, 10, 25, 50):
        side = 2 * radius + 1
        yield f"box={radius}", f"blur {side} x {side}", \
            lambda im, out, n=side: cv2.blur(im, (n, n), dst=out), None
    for sigma in (1, 2, 5, 8, 20, 50):
        yield f"blur={sigma}", f"GaussianBlur {sigma}", \
            lambda im, out, s=sigma: cv2.GaussianBlur(im, (0, 0), s, dst=out), f"gaussblur {{i}} {{o}} {sigma}"
    yield "sharpen", "GaussianBlur, addWeighted", unsharp, "sharpen {i} {o} --sigma 1"
    for radius in (1, 2, 3, 7, 20, 50):
        yield f"median={radius}", f"medianBlur {2 * radius + 1}", \
            lambda im, out, n=2 * radius + 1: cv2.medianBlur(im, n, dst=out), \
            f"median {{i}} {{o}} {2 * radius + 1}" if radius < 4 else None
    yield "sobel=x", "Sobel 8U", lambda im, out: cv2.Sobel(im, cv2.CV_8U, 1, 0, dst=out), None
    yield "sobel", "Sobel x, y, magnitude", magnitude, "sobel {i} {o}"
    yield "laplacian", "Laplacian 8U", lambda im, out: cv2.Laplacian(im, cv2.CV_8U, dst=out), None
    for side in (3, 5, 7, 11, 15):
        text, call = conv(side)
        yield text, f"filter2D {side} x {side}", call, None
    yield "bilateral=1.3,30", "bilateralFilter d 5", \
        lambda im, out: cv2.bilateralFilter(im, 5, 30, 1.3, dst=out), None
    for name, way, kernel in (("bilinear", "LINEAR", "linear"), ("box", "AREA", None), ("lanczos3", "LANCZOS4", "lanczos3")):
        for factor in (0.9, 0.5, 2):
            yield f"resize={factor},{name}", f"resize {way} {factor}", resize(factor, getattr(cv2, "INTER_" + way)), \
                f"resize {{i}} {{o}} {factor} --kernel {kernel}" if kernel else None
    yield GRAY + "equalize", "equalizeHist", lambda im, out: cv2.equalizeHist(im, dst=out), None
    clahe = cv2.createCLAHE(2.0, (8, 8))
    yield GRAY + "clahe", "CLAHE 8 x 8", lambda im, out: clahe.apply(im, dst=out), None
    for radius in (1, 3, 7, 20):
        yield f"erode={radius}", f"erode {2 * radius + 1}", \
            lambda im, out, k=square(radius): cv2.erode(im, k, dst=out), None
    yield "open=3", "morphologyEx 7", \
        lambda im, out, k=square(3): cv2.morphologyEx(im, cv2.MORPH_OPEN, k, dst=out), None


def of_opencv(call, image, out):
    begin = time.thread_time()
    call(image, out)
    return time.thread_time() - begin


def of_vips(command, source, folder):
    out = os.path.join(folder, "out.v")
    words = ["vips"] + [w.format(i=source, o=out) for w in command.split()]
    begin = time.monotonic()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "VIPS_CONCURRENCY": "1"}, check=False)
    taken = time.monotonic() - begin
    if os.path.exists(out):
        os.remove(out)
    return taken if done.returncode == 0 else None


def of_chunkimg(program, source, text):
    done = subprocess.run([program, "bench", "--ops", source, "--op", text, "--json", "-"], capture_output=True, check=False)
    if done.returncode:
        print(f"bench-peers: {text}: {done.stderr.decode().strip()}", file=sys.stderr)
        return None
    return json.loads(done.stdout)["ops"][0]["best_mp_s"]


def least(a, b):
    return b if a is None else a if b is None else min(a, b)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("image")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="")
    given = options.parse_args()
    cv2.setNumThreads(1)
    image = cv2.imread(given.image, cv2.IMREAD_COLOR)
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    megapixels = image.shape[0] * image.shape[1] / 1e6
    chosen = [row for row in rows() if not given.only or row[0].removeprefix(GRAY).split("=")[0] in given.only.split(",")]
    vips = shutil.which("vips")
    print("| operation | OpenCV | MP/s | libvips MP/s | chunkimg MP/s | x OpenCV |\n|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        source = os.path.join(folder, "in.v")
        gray_file = os.path.join(folder, "gray.png")
        cv2.imwrite(gray_file, gray, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        copy = None
        if vips:
            subprocess.run(["vips", "copy", given.image, source], check=True)
        for text, name, call, command in chosen:
            rival = theirs = None
            ours = 0.0
            pixels, file = (gray, gray_file) if text.startswith(GRAY) else (image, given.image)
            out = numpy.empty_like(pixels)
            call(pixels, out)
            for _ in range(given.rounds):
                rival = least(rival, of_opencv(call, pixels, out))
                if vips and command:
                    copy = least(copy, of_vips("copy {i} {o}", source, folder))
                    theirs = least(theirs, of_vips(command, source, folder))
                ours = max(ours, of_chunkimg(given.program, file, text.removeprefix(GRAY)) or 0)
            beside = f"{megapixels / (theirs - copy):.0f}" if theirs and theirs > 1.2 * copy else ""
            shown = text if len(text) < 40 else f"conv, {name.split(' ', 1)[1]}"
            speed = megapixels / rival
            print(f"| {shown} | {name} | {speed:.0f} | {beside} | {ours:.0f} | {ours / speed:.2f} |", flush=True)
    print(f"\nOpenCV {cv2.__version__}, one thread; {given.rounds} rounds in turn, the fastest of each; "
          f"{image.shape[1]} x {image.shape[0]}, 8 bit, three channels where nothing else is said.\n"
          "OpenCV's LINEAR does not look at all pixels where an image shrinks; at 0.5 it is the mean of 2 x 2, as AREA and box.")


main()
