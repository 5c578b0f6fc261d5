#!/usr/bin/env bash
# Names of any bytes, hostile templates, and a link put in the way of the output: nothing is ever written elsewhere.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need python3

render 60x40 photo.png
mkdir outside inside

# every byte, alone and among others, as the name of input and output; a leading dash, a newline
python3 - "$CHUNKIMG" <<'END' || fail "names of any bytes"
import os, subprocess, sys
program = os.fsencode(sys.argv[1])
photo = open("photo.png", "rb").read()
os.chdir("inside")
names = [bytes([b]) for b in range(1, 256) if b not in b"/."] + [b"a" + bytes([b]) + b"z" for b in range(1, 256) if b != 47]
names += [b"-", b"--", b"-o", b"--force", b"-\n", b"\n", b"..x", b"%s%n%s", b"{col}", b"x" * 200, b"\xf0\x9f\x96\xbc", b"$(touch outside)"]
bad = 0
for i, name in enumerate(names):
    if i % 2 and not os.environ.get("CHUNKIMG_FULL") and len(name) == 3:
        continue
    source = b"./" + name + b".png"
    open(source, "wb").write(photo)
    run = subprocess.run([program, b"--tiles", b"2", b"-q", b"--mode", b"serial", b"--", source], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    os.unlink(source)
    made = os.listdir(b".")
    if run.returncode or made != [name + b"_tiles"] or len(os.listdir(made[0])) != 3:
        print(name, run.returncode, run.stderr, made)
        bad += 1
    if any(c < 32 and c != 10 or c == 127 for c in run.stderr):
        print(name, "is shown raw:", run.stderr)
        bad += 1
    for folder in made:
        for file in os.listdir(folder):
            os.unlink(folder + b"/" + file)
        os.rmdir(folder)
sys.exit(bad != 0)
END
[ -z "$(find inside outside -mindepth 1)" ] || fail "left: $(find inside outside -mindepth 1)"

# 200 hostile templates: exit 2, or tiles in their folder and nowhere else
python3 - >templates <<'END'
import random
random.seed(11)
pieces = ["..", "/", "../", "{stem}", "{col}", "{row}", "{index}", "{x}", "{y}", "{ext}", "{col:99}", "{nope}", "{", "}", "%s", "%n",
          "\\x2f", "manifest.json", ".chunkimg-journal", ".", "~", "$HOME", "`id`", "a" * 120, "{index:20}", "\x01", "\x1b[31m", "*", " ", "-"]
for i in range(200):
    print("".join(random.choice(pieces) for _ in range(random.randint(1, 5))).replace("\n", ""))
END
tried=0 refused=0
while IFS= read -r template; do
    status=0
    (cd inside && "$CHUNKIMG" ../photo.png --tiles 4 --mode serial -o made -q --name "$template") >out 2>err </dev/null || status=$?
    case $status in
    0)
        expect_equal "$(find inside -mindepth 1 -type d | wc -l)" 1 "folders made by '$template'"
        expect_equal "$(find inside/made -type f | wc -l)" 5 "files of '$template'"
        "$CHUNKIMG" verify -q inside/made || fail "'$template' made a folder that is not whole"
        ;;
    2)
        refused=$((refused + 1))
        [ -z "$(ls -A inside)" ] || fail "'$template' was refused and left $(ls -A inside)"
        ;;
    *) fail "'$template': exit $status: $(cat err)" ;;
    esac
    rm -rf inside/made
    tried=$((tried + 1))
    [ "$(find . -newer templates -type f ! -path './inside/*' ! -name out ! -name err | wc -l)" -eq 0 ] || fail "'$template' wrote elsewhere"
done <templates
echo "$tried templates, $refused refused"

# a link in the place of the output, or of the staging folder, put there while tiles are written
rounds=$(short_or_full 6 60)
tiles=$(short_or_full 200 10000)
render 200x200 many.png
for i in $(seq 1 "$rounds"); do
    rm -rf made .made*
    mode=$(all_modes | sed -n "$((i % $(all_modes | wc -l) + 1))p")
    CHUNKIMG_TEST_STALL=$(short_or_full 500 30) "$CHUNKIMG" many.png --tiles "$tiles" --workers 2 --mode "$mode" -o made -q 2>err </dev/null &
    pid=$!
    for _ in $(seq 1 200); do
        dir=$(find . -maxdepth 1 -name '.made.chunkimg-*' | head -1)
        [ -n "$dir" ] && break
        sleep 0.002
    done
    if [ $((i % 2)) -eq 0 ]; then
        ln -s outside made
    elif [ -n "$dir" ] && mv "$dir" aside 2>/dev/null; then
        ln -s "$PWD/outside" "$dir"
    fi
    status=0
    wait "$pid" || status=$?
    [ -z "$(ls -A outside)" ] || fail "$(ls outside | wc -l) files were written through a link"
    [ "$status" -eq 1 ] || { [ "$status" -eq 0 ] && [ ! -L made ] && "$CHUNKIMG_ASSEMBLE" made many.png; } ||
        fail "exit $status after a link was put in the way: $(cat err)"
    rm -rf made aside .made*
done
