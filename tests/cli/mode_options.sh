#!/usr/bin/env bash
# labels: modes
# Options that only some modes honour: refused where nobody would, ignored by the others, listed by help; and what every mode reports.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 300x200 photo.png

# option_modes OPTION: the modes whose help lists it
option_modes() {
    local mode
    for mode in $(all_modes); do
        if chunkimg help "$mode" | grep -q -- "^ .*--$1 "; then printf '%s\n' "$mode"; fi
    done
}

pinning=$(option_modes pin)
[ -n "$pinning" ] || fail "no mode says that it honours --pin"
for mode in $(all_modes); do
    if grep -qx "$mode" <<<"$pinning"; then
        expect_equal "$(digest_of photo.png --mode "$mode" --pin --workers 3)" "$(digest_of photo.png --mode serial)" "$mode --pin"
    else
        expect_exit 2 "$CHUNKIMG" photo.png --mode "$mode" --pin -o none
        expect_text "$tmp/err" "--pin"
        expect_text "$tmp/err" "$(head -1 <<<"$pinning")"
        expect_exit 0 "$CHUNKIMG" photo.png --mode "$mode,$(head -1 <<<"$pinning")" --pin -o none
    fi
done
expect_exit 0 "$CHUNKIMG" photo.png --pin -o none --json pin.json --quiet # auto takes a mode that honours it
grep -qx "$(json pin.json .mode)" <<<"$pinning" || fail "auto took a mode that does not honour --pin"
expect_text pin.json "--pin asks for it"

# what every mode reports, and that it adds up
for mode in $(all_modes); do
    expect_exit 0 "$CHUNKIMG" photo.png --mode "$mode" --workers 2 --tiles 24 --op blur=2 -o none --quiet --json report.json
    jq -e '
        .spawn_s >= 0 and .teardown_s >= 0 and .first_tile_s > 0 and .first_tile_s <= .wall_s and .region_s <= .wall_s and
        .lock.acquisitions >= 0 and .lock.wait_s >= 0 and .queue_wait_s >= 0 and .bytes_copied >= 0 and
        .bytes_by_reference >= 300 * 200 * 3 and .memory.rss_sum_bytes > 0 and .imbalance >= 0 and
        (.per_worker | length) == .workers and ([.per_worker[].tickets] | add) >= 24 and
        ([.per_worker[] | .busy_s + .waiting_s + .idle_s] | max) <= 1.5 * .region_s + 0.01' report.json >/dev/null ||
        fail "the report of $mode: $(cat report.json)"
done
expect_exit 0 "$CHUNKIMG" photo.png --mode threads --workers 2 --verbose -o none
expect_text "$tmp/out" "first tile"
expect_text "$tmp/out" "imbalance"

# auto: chosen by what the work is, and said in one line
render 1200x900 large.png
chosen() { # OPTION...: mode and reason
    expect_exit 0 "$CHUNKIMG" "$@" --dry-run
    sed -n 's/^mode  *\([a-z]*\), .*chosen: \(.*\))$/\1: \2/p' "$tmp/out"
}
expect_equal "$(chosen large.png --workers 2 --tiles 12 -o a | sed 's/:.*//')" threads "encoding 12 tiles"
expect_equal "$(chosen large.png --workers 1 --tiles 12 -o a)" "serial: one worker"
expect_equal "$(chosen large.png --workers 2 --tiles 1 -o a)" "serial: one tile, which no two can share"
expect_equal "$(chosen large.png --workers 2 --tiles 12 -o none | sed 's/,.*//')" "serial: decoding is one chain"
expect_equal "$(chosen large.png --workers 2 --tiles 12 --op median=3 -o none | sed 's/:.*//')" threads "filtering 12 tiles"
most=$("$CHUNKIMG" large.png --mode threads --workers 8 --tiles 12 --op blur=9 -o a --dry-run | sed -n 's/^memory  *\([0-9]*\).*/\1/p')
least=$("$CHUNKIMG" large.png --mode serial --tiles 12 --op blur=9 -o a --dry-run | sed -n 's/^memory  *\([0-9]*\).*/\1/p')
[ "$least" -lt $((most - 2)) ] || fail "eight threads need no more memory than one worker ($most, $least MiB)"
expect_equal "$(chosen large.png --workers 8 --tiles 12 --op blur=9 -o a --max-memory "$((least + 1))MiB")" "serial: memory for one worker only"
few=$("$CHUNKIMG" large.png --mode threads --workers 2 --tiles 12 --op blur=9 -o a --dry-run | sed -n 's/^memory  *\([0-9]*\).*/\1/p')
[ "$few" -lt $((most - 2)) ] || fail "eight threads need no more memory than two ($most, $few MiB)"
expect_equal "$(chosen large.png --workers 8 --tiles 12 --op blur=9 -o a --max-memory "$((few + 1))MiB" | sed 's/[0-9]* workers/N workers/')" \
    "threads: memory for N workers only"
expect_text "$tmp/out" "threads, "
expect_no_text "$tmp/out" "8 workers"
expect_exit 4 "$CHUNKIMG" large.png --mode threads --workers 8 --tiles 12 --op blur=9 -o a --max-memory "$((few + 1))MiB" # who names a mode gets it or nothing
# whatever is small is not shared, whatever it is; what costs much is, also where only decoding and filtering are to be done
render 40x30 tiny.png
expect_equal "$(chosen tiny.png --workers 2 --tiles 4 -o a)" "serial: a small image, done before threads would have started"
expect_equal "$(chosen large.png --workers 2 --tiles 12 --op gray -o none | sed 's/,.*//')" "serial: decoding is one chain"
for op in clahe bilateral=2,30 burn=1000; do
    expect_equal "$(chosen large.png --workers 2 --tiles 12 --op "$op" -o none | sed 's/:.*//')" threads "$op of 12 tiles"
done
# code that is not the library's: a process for each worker
expect_equal "$(chosen large.png --workers 2 --tiles 12 --op exec=cat -o a)" \
    "processes: exec=cat is not chunkimg's own: if it crashes, that is one tile's worker"
expect_equal "$(chosen large.png --workers 2 --tiles 12 --op exec=cat --pin -o a)" "threads: --pin asks for it"
# options and variables that only some modes obey
if "$CHUNKIMG" photo.png --mode processes --sandbox require -o none --quiet 2>/dev/null; then sandbox=require; else sandbox=off; fi
for options in "--sandbox $sandbox:processes" "--tile-timeout 5:processes" "--start spawn:processes" "--processes 2:hybrid" "--gil-release 5:gil" \
               "--schedule static:threads"; do
    # shellcheck disable=SC2086
    expect_equal "$(chosen large.png --workers 2 --tiles 12 ${options%:*} -o a | sed 's/:.*//')" "${options#*:}" "${options%:*}"
done
for variable in OMP_PROC_BIND=close OMP_PLACES=cores OMP_SCHEDULE=static; do
    expect_equal "$(export "${variable?}"; chosen large.png --workers 2 --tiles 12 -o a | sed 's/ and .*//')" \
        "openmp: ${variable%=*} is set, which only it obeys," "$variable"
    expect_equal "$(export "${variable?}"; chosen tiny.png --workers 2 --tiles 4 -o a | sed 's/:.*//')" serial "$variable, and a small image"
done

# tiles by a rule: the same pixels, all tiles, whatever the rule, the workers, and how much of the image fits the ring
expected=$(digest_of photo.png --mode serial --op median=1)
for mode in $(option_modes schedule); do
    for rule in static static,1 static,7 dynamic dynamic,3 guided guided,2; do
        for n in 2 5; do
            expect_equal "$(digest_of photo.png --mode "$mode" --schedule "$rule" --workers "$n" --tile-size 23 --op median=1)" "$expected" \
                "$mode, $rule, $n workers"
        done
    done
    CHUNKIMG_TEST_STALL=200 expect_exit 0 "$CHUNKIMG" photo.png --mode "$mode" --schedule static --workers 3 --tiles 40 -o "rule-$mode"
    expect_exit 0 "$CHUNKIMG" verify "rule-$mode"
    for wrong in none 'static,' guided,0 dynamic,x; do
        expect_exit 2 "$CHUNKIMG" photo.png --mode "$mode" --schedule "$wrong" -o none
        expect_text "$tmp/err" "static, dynamic or guided"
    done
    head -c 30000 photo.png >short.png # a failure on the way ends it, with nobody waiting
    expect_exit 3 timeout 20 "$CHUNKIMG" short.png --mode "$mode" --schedule static --workers 3 --tiles 40 -o broken
    expect_nothing broken
done
expect_equal "$(OMP_SCHEDULE=guided,3 digest_of photo.png --mode openmp --workers 3 --tile-size 23 --op median=1)" "$expected" OMP_SCHEDULE

# the global lock: one at a time, asked for and handed over; the dial
CHUNKIMG_TEST_STALL=1000 expect_exit 0 "$CHUNKIMG" photo.png --mode gil --workers 3 --tiles 40 --gil-interval 0.01 -o none --quiet --json gil.json
jq -e '.lock.requests > 0 and .lock.forced > 0 and .lock.wait_s > 0' gil.json >/dev/null || fail "nobody waited: $(cat gil.json)"
jq -e '([.per_worker[].busy_s] | add) <= 1.1 * .region_s + 0.01' gil.json >/dev/null || fail "two worked at once: $(cat gil.json)"
for share in 0 37 100; do
    expect_equal "$(digest_of photo.png --mode gil --workers 3 --tiles 40 --op blur=2 --gil-release "$share")" \
        "$(digest_of photo.png --mode serial --op blur=2)" "gil with $share percent released"
    expect_exit 0 "$CHUNKIMG" photo.png --mode gil --workers 2 --tiles 6 --gil-release "$share" -o "gil$share"
    expect_exit 0 "$CHUNKIMG" verify "gil$share"
done
expect_exit 2 "$CHUNKIMG" photo.png --mode gil --gil-release 101 -o none
expect_text "$tmp/err" "0 to 100 percent"
expect_exit 2 "$CHUNKIMG" photo.png --mode gil --gil-interval 0 -o none
expect_exit 2 "$CHUNKIMG" photo.png --mode threads,serial --gil-release 50 -o none
expect_text "$tmp/err" "belongs to the mode gil"
expect_exit 2 "$CHUNKIMG" photo.png --gil-release 50 --pin -o none # auto: no mode has both
expect_text "$tmp/err" "no mode honours both"

# an event loop: inline, or with a pool; every byte written by the loop, and its failures seen
if grep -qx async <<<"$(all_modes)"; then
    render 900x700 wide.png # several blocks of the file, so that some are read ahead
    for pool in 0 1 3; do
        expect_equal "$(digest_of wide.png --mode async --async-pool "$pool")" "$(digest_of wide.png --mode serial)" "read ahead, $pool"
        expect_equal "$(digest_of photo.png --mode async --tiles 40 --op median=1 --async-pool "$pool")" \
            "$(digest_of photo.png --mode serial --op median=1)" "async, pool of $pool"
        expect_exit 0 "$CHUNKIMG" photo.png --mode async --async-pool "$pool" --tiles 30 -o "loop$pool" --json loop.json --quiet
        expect_exit 0 "$CHUNKIMG" verify "loop$pool"
        "$CHUNKIMG_ASSEMBLE" "loop$pool" photo.png || fail "async, pool of $pool"
        jq -e '.loop.turns > 0 and .loop.worst_s >= .loop.mean_s and .loop.mean_s >= 0 and .migrations == null' loop.json >/dev/null ||
            fail "the loop's figures: $(cat loop.json)"
        expect_equal "$(json loop.json .workers)" "$((pool ? pool : 1))" "workers of a pool of $pool"
        expect_exit 0 "$CHUNKIMG" photo.png --mode async --async-pool "$pool" --tiles 7 --fsync -o "loop$pool.png"
        "$CHUNKIMG_ASSEMBLE" --same photo.png "loop$pool.png" || fail "async, pool of $pool, as one image"
        # a file that may not grow to its size: refused when it is written or closed, and nothing is left
        for output in full full.png; do
            (ulimit -f 4 && expect_exit 1 "$CHUNKIMG" photo.png --mode async --async-pool "$pool" --tiles 2 --compression 0 -o "$output")
            expect_text "$tmp/err" "cannot be written: File too large"
            expect_nothing "$output"
        done
    done
    # what grows while tiles are made grows by the loop as well: journal and manifest, whose writes nobody waits for
    render 600x500 many.png
    if ! sanitized && command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
        for pool in 0 2; do
            expect_exit 0 strace -f -y -o trace -e trace=write,pwrite64 "$CHUNKIMG" many.png --mode async --async-pool "$pool" --tile-size 10 -o "many$pool"
            main=$(head -1 trace | cut -d ' ' -f 1)
            for file in manifest.json .chunkimg-journal; do
                of_main=$(grep "/$file>" trace | grep -c "^$main " || true) all=$(grep -c "/$file>" trace)
                [ "$all" -ge 5 ] || fail "$file was written in $all pieces only, so that nothing is shown"
                [ "$of_main" -le 4 ] || fail "pool of $pool: the loop waited for $of_main of $all writes of $file" # before and after it goes
            done
        done
        expect_exit 0 "$CHUNKIMG" many.png --mode serial --tile-size 10 -o many-serial
        for pool in 0 2; do diff -r many-serial "many$pool" >/dev/null || fail "async, pool of $pool: other files than serial"; done
    fi
    for pool in 0 2; do # the tiles are small enough
        (ulimit -f 100 && expect_exit 1 "$CHUNKIMG" many.png --mode async --async-pool "$pool" --tile-size 10 -o full)
        expect_text "$tmp/err" "'manifest.json' cannot be written: File too large"
        expect_nothing full
    done
    # threads that carry are ours, those for files libuv's: as many as the user's environment says, whom nobody overrules
    if ! sanitized; then # which has a thread of its own
        UV_THREADPOOL_SIZE=7 CHUNKIMG_TEST_STALL=50000 "$CHUNKIMG" photo.png --mode async --async-pool 3 --tiles 60 -o counted --quiet &
        pid=$! threads=0
        for _ in $(seq 200); do
            now=$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)
            [ "$now" -le "$threads" ] || threads=$now
            [ "$threads" -lt 11 ] || break
            sleep 0.01
        done
        sleep 0.1
        expect_equal "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" 11 "threads: the loop's, three, and seven"
        kill "$pid"
        wait "$pid" || true
        # libuv would end the program where it cannot have them; then the loop writes by itself
        for pool in 0 2; do
            (ulimit -v 3000000 && UV_THREADPOOL_SIZE=1000 expect_exit 0 "$CHUNKIMG" photo.png --mode async --async-pool "$pool" --tiles 30 -o "few$pool" --fsync)
            diff -r loop0 "few$pool" >/dev/null || fail "without threads for files other ones were written"
            (ulimit -v 3000000 && UV_THREADPOOL_SIZE=1000 expect_exit 0 "$CHUNKIMG" photo.png --mode async --async-pool "$pool" --tiles 7 -o "few$pool.png")
            "$CHUNKIMG_ASSEMBLE" --same photo.png "few$pool.png" || fail "without threads for files, as one image"
        done
    fi
else
    expect_exit 2 "$CHUNKIMG" photo.png --mode async -o none
    expect_text "$tmp/err" "async is not in this build"
    expect_exit 0 "$CHUNKIMG" list modes
    expect_text "$tmp/out" "not in this build"
fi

# the table of all modes: every mode, every column
expect_exit 0 "$CHUNKIMG" help modes
for mode in $(all_modes); do grep -q "^$mode  *|" "$tmp/out" || fail "help modes leaves $mode out"; done
for text in "gil: A thread looks" "async: The loop opens" "auto: The first of these" "is one call from --compression 3"; do expect_text "$tmp/out" "$text"; done
for title in memory "a global lock" strength weakness suits; do expect_text "$tmp/out" "$title"; done
