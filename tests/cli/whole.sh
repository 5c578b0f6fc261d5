#!/usr/bin/env bash
# labels: modes
# Many small inputs: each is carried whole by one worker, with the same files, failures and figures as one after another.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

inputs=()
for i in 01 02 03 04 05 06 07 08 09 10; do
    render "$((60 + 10#$i * 7))x$((40 + 10#$i * 5))" "p$i.png" --seed "$i"
    inputs+=("p$i.png")
done
cp p03.png rgb.png
render 50x60 j.jpg
inputs+=(j.jpg)
options=(--tile-size 40 --op blur=1 --workers 3)

expect_exit 0 "$CHUNKIMG" "${inputs[@]}" -o serial --mode serial "${options[@]}" --json serial.json
expect_no_text "$tmp/out" "carried whole"
sums=$(json serial.json '.reports[] | .input.path + " " + .digest')
how() { if [ "$1" = processes ]; then echo "--mode processes --sandbox off"; else echo "--mode $1"; fi; }
for mode in auto threads openmp processes; do
    read -ra flags < <(how "$mode")
    expect_exit 0 "$CHUNKIMG" "${inputs[@]}" -o "$mode" "${flags[@]}" "${options[@]}" --json "$mode.json"
    expect_text "$tmp/out" "11 small inputs, each carried whole by one worker"
    expect_text "$tmp/out" "11 inputs: 11 done, 0 failed"
    diff -r serial "$mode" || fail "mode $mode wrote other files than serial"
    expect_equal "$(json "$mode.json" '.reports[] | .input.path + " " + .digest')" "$sums" "digests of mode $mode"
    json "$mode.json" '.reports[0].mode_reason' | grep -q "carried whole" || fail "the report does not say it"
    expect_equal "$(json "$mode.json" '.reports[0].output.path')" "$mode/p01_tiles"
done
# workers that are confined open no files; few inputs are shared, and large ones do not count
expect_exit 0 "$CHUNKIMG" "${inputs[@]}" -o none --mode processes --workers 2
expect_no_text "$tmp/out" "carried whole"
expect_exit 0 "$CHUNKIMG" p01.png p02.png p03.png -o few --mode threads --workers 2
expect_no_text "$tmp/out" "carried whole"
expect_exit 0 "$CHUNKIMG" "${inputs[@]}" -o none --mode threads --workers 1
expect_no_text "$tmp/out" "carried whole"
expect_exit 0 "$CHUNKIMG" "${inputs[@]}" -o none --mode threads --workers 2 --repeat 2
expect_no_text "$tmp/out" "carried whole"

# one that fails is reported, leaves nothing, and stops no other
echo "no image" >text.png
head -c 3000 p10.png >short.png
for mode in threads openmp processes; do
    read -ra flags < <(how "$mode")
    expect_exit 3 "$CHUNKIMG" p01.png text.png p02.png short.png p03.png missing.png p04.png -o "bad-$mode" "${flags[@]}" --workers 2 --json bad.json
    expect_text "$tmp/err" "text.png: not a PNG or JPEG image"
    expect_text "$tmp/err" "short.png: damaged PNG"
    expect_text "$tmp/err" "missing.png: cannot be opened"
    expect_equal "$(wc -l <"$tmp/err")" 3 "messages of mode $mode"
    expect_equal "$(json bad.json '[.failed[] | "\(.input) \(.stage) \(.exit_code)"] | sort | join(", ")')" \
        "missing.png open 1, short.png run 3, text.png open 3" "what failed in mode $mode"
    expect_equal "$(json bad.json '.reports | length')" 4
    expect_equal "$(find "bad-$mode" -mindepth 1 -maxdepth 1 | sort | xargs -n1 basename | xargs)" "p01_tiles p02_tiles p03_tiles p04_tiles"
    expect_exit 6 "$CHUNKIMG" p01.png text.png p02.png p03.png p04.png -o "skip-$mode" "${flags[@]}" --workers 2 --on-error skip
    expect_exit 1 "$CHUNKIMG" "${inputs[@]}" -o "$mode" "${flags[@]}" "${options[@]}"
    expect_text "$tmp/err" "p01_tiles"
    expect_exit 0 "$CHUNKIMG" "${inputs[@]}" -o "$mode" "${flags[@]}" "${options[@]}" --force
    diff -r serial "$mode" || fail "mode $mode with --force"
done

# a limit that a share of the memory would pass, and one input alone does not (a sanitizer takes memory of its own)
if ! sanitized; then
    render 1500x1200 large.png
    expect_exit 0 "$CHUNKIMG" large.png -o none --format png --mode serial --json alone.json
    expect_exit 0 "$CHUNKIMG" large.png p01.png p02.png p03.png p04.png -o limited --mode threads --workers 2 \
        --max-memory "$(($(json alone.json .memory.planned_bytes) * 3 / 2))"
    expect_text "$tmp/out" "4 small inputs, each carried whole"
    expect_equal "$(find limited -maxdepth 1 -name '*_tiles' | wc -l)" 5
fi

# a signal stops all of it, and what was being written is gone
for mode in threads processes; do
    read -ra flags < <(how "$mode")
    CHUNKIMG_TEST_STALL=20000 "$CHUNKIMG" "${inputs[@]}" -o "stopped-$mode" "${flags[@]}" --workers 2 --tile-size 10 >out 2>err &
    pid=$!
    for _ in $(seq 200); do [ -z "$(find "stopped-$mode" -mindepth 1 2>/dev/null | head -1)" ] || break; sleep 0.02; done
    kill -INT "$pid" 2>/dev/null || true
    status=0
    wait "$pid" || status=$?
    expect_equal "$status" 130 "exit code of a run that was stopped, mode $mode"
    [ -z "$(find "stopped-$mode" -name '.*chunkimg-*' 2>/dev/null)" ] || fail "temporaries were left: $(ls -A "stopped-$mode")"
    for dir in "stopped-$mode"/*_tiles; do
        if [ -d "$dir" ]; then expect_exit 0 "$CHUNKIMG" verify "$dir"; fi
    done
done
