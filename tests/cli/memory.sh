#!/usr/bin/env bash
# labels: memory
# Memory is planned and kept: it does not grow with the image's height, and the run stays below the plan.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

if sanitized; then
    skip "sanitizers take memory of their own"
fi

render 4000x1000 short.png
render 4000x6000 tall.png
for mode in $(all_modes); do
    for input in short tall; do
        expect_exit 0 "$CHUNKIMG" "$input.png" --tile-size 500 --mode "$mode" --workers 2 -o none --format png --compression 1 \
            --json "$input.json" --op blur=2
        jq -e '.memory.peak_rss_bytes <= .memory.planned_bytes' "$input.json" >/dev/null ||
            fail "$mode, $input: more memory than planned: $(jq -c .memory "$input.json")"
    done
    short=$(json short.json .memory.peak_rss_bytes) tall=$(json tall.json .memory.peak_rss_bytes)
    [ $((tall - short)) -lt 3000000 ] || fail "$mode: six times the height takes $((tall - short)) bytes more"
done

# tables that are filled once the whole image has been looked at are planned, too
render 800x600 deep.png --kind gray16
for mode in serial threads processes; do
    expect_exit 0 "$CHUNKIMG" deep.png --op clahe=2,64x32 --tile-size 200 --mode "$mode" --workers 2 -o none --json deep.json
    jq -e '.memory.peak_rss_bytes <= .memory.planned_bytes' deep.json >/dev/null ||
        fail "$mode, clahe: more memory than planned: $(jq -c .memory deep.json)"
done

# the limit is kept by decoding less far ahead, and refused where that is not enough
expect_exit 0 "$CHUNKIMG" tall.png --tiles 8x2 --workers 2 -o none --dry-run
needed=$(digest_of tall.png --tiles 8x2 --workers 2 >/dev/null; json "$tmp/digest.json" .memory.planned_bytes)
expect_exit 0 "$CHUNKIMG" tall.png --tiles 8x2 --workers 2 -o none --max-memory $((needed * 9 / 10)) --json less.json
[ "$(json less.json .memory.planned_bytes)" -le $((needed * 9 / 10)) ] || fail "the limit was passed"
expect_exit 4 "$CHUNKIMG" tall.png --tiles 8x2 --workers 2 -o none --max-memory $((needed / 3))
expect_text "$tmp/err" "--max-memory"
