"""Which calls of ck_fail and its kin were reached: fail_sites.py ROOT BUILD, after the tests of `scripts/coverage --errors`.

Programs of BUILD are disassembled for all such calls; BUILD/taken has a table of each program that was run (fail_sites.c).
A call is known by its file and line, so those that were inlined in several places are one.
"""
import array
import collections
import os
import re
import subprocess
import sys

CALL = re.compile(r"\bcall\b.*<__wrap_ck_fail(_os|_memory)?>")
ADDRESS = re.compile(r"^\s*([0-9a-f]+):\t")


def calls(program):
    """Return addresses of all calls."""
    found, waits = [], False
    for line in subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], capture_output=True, text=True).stdout.splitlines():
        at = ADDRESS.match(line)
        if at and waits:
            found.append(int(at.group(1), 16))
            waits = False
        if at and CALL.search(line):
            waits = True
    return found


def places(program, sites):
    """File and line of each: of the byte before, which is the call's own."""
    asked = "".join("%x\n" % (site - 1) for site in sites)
    told = subprocess.run(["addr2line", "-e", program], input=asked, capture_output=True, text=True).stdout.split("\n")
    return [re.sub(r" \(discriminator.*", "", place) for place in told[: len(sites)]]


def main(root, build):
    source = os.path.realpath(os.path.join(root, "src")) + os.sep
    taken, known = collections.defaultdict(bool), 0
    for folder in ("src", "tests"):
        for name in sorted(os.listdir(os.path.join(build, folder))):
            program = os.path.join(build, folder, name)
            if not os.path.isfile(program) or not os.access(program, os.X_OK):
                continue
            table = os.path.join(build, "taken", name)
            reached = set(array.array("I", open(table, "rb").read())) if os.path.exists(table) else set()
            sites = calls(program)
            known += len(sites)
            for site, place in zip(sites, places(program, sites)):
                file, _, line = place.rpartition(":")
                file = os.path.realpath(os.path.join(build, file))
                if file.startswith(source) and line.isdigit():
                    taken[file[len(source):], int(line)] |= site in reached
    missing = [place for place in sorted(taken) if not taken[place]]
    for file, line in missing:
        with open(os.path.join(source, file)) as text:
            print("src/%s:%d: %s" % (file, line, text.read().split("\n")[line - 1].strip()))
    print("\nerror returns: %d of %d taken" % (len(taken) - len(missing), len(taken)))
    return 0 if known else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
