#!/usr/bin/env bash
# bench --report: one page that holds everything, loads nothing and draws its charts in a browser, light and dark.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 300x200 photo.png
expect_exit 0 "$CHUNKIMG" bench photo.png --modes serial,threads,processes --workers 1,2,3,4 --tile-sizes 64,128 --runs 3 --min-time 0.001 \
    --seed 3 --report page.html --trace best.json --json data.json --quiet
expect_equal "$(find . -mindepth 1 ! -name out ! -name err -printf '%P\n' | sort | xargs)" "best.json data.json page.html photo.png" "files left"
jq -e '[.traceEvents[] | select(.name == "tile" and .ph == "X")] | length > 1' best.json >/dev/null || fail "best.json: $(head -c 300 best.json)"

# nothing in it points out of it, and its data are those of --json, with the timelines
! grep -oE "(src|href)=[\"'][^\"']*|@import[^;]*|url\([^)]*" page.html | grep -vE "href=\"data:,|url\(#" || fail "the page points elsewhere"
expect_text page.html "default-src 'none'"
sed -n 's|.*<script type="application/json" id="data">\(.*\)</script>.*|\1|p' page.html >embedded.json
expect_equal "$(jq -S 'del(.timelines)' embedded.json)" "$(jq -S . data.json)" "embedded data"
jq -e '(.timelines | map(.mode)) == ["serial", "threads", "processes"] and ([.timelines[].events | length > 4] | all)' embedded.json >/dev/null ||
    fail "timelines: $(jq -c '.timelines[] | [.mode, (.events | length)]' embedded.json)"

# text of the user cannot end the script element
cp photo.png '<!--<script>.png'
expect_exit 0 "$CHUNKIMG" bench '<!--<script>.png' --modes serial --runs 1 --min-time 0.001 --report odd.html --quiet
expect_no_text odd.html '<!--'
expect_equal "$(grep -o '<script' odd.html | wc -l)" 2 "script elements"

browser=
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then browser=$name; break; fi
done
[ -n "$browser" ] || skip "the page was not drawn: no chromium is installed"

# look [OPTION...]: draws the page; what a script of it complains of is in log, what it became in drawn.html
look() {
    timeout 100 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$tmp/profile" --disable-background-networking \
        --disable-component-update --disable-sync --disable-dev-shm-usage --log-net-log="$tmp/net.json" --enable-logging=stderr \
        --virtual-time-budget=3000 "$@" --dump-dom "file://$tmp/page.html" >whole.html 2>log </dev/null || skip "the browser does not run here: $(tail -n 1 log)"
    sed '/<script type="application\/json"/,$d' whole.html >drawn.html
    grep -oE 'data-drawn="[0-9]+"' whole.html >charts || fail "the page's script did not come to its end"
    ! grep CONSOLE log || fail "the page's script complains"
    expect_no_text drawn.html 'NaN'
    expect_no_text drawn.html 'undefined'
    for id in speedup efficiency stages memory runs heat-threads heat-processes timeline-serial timeline-threads timeline-processes; do
        grep -q "<figure id=\"$id\"><svg" drawn.html || fail "there is no chart $id"
    done
    for id in results machine laws; do grep -q "id=\"$id\"" drawn.html || fail "there is no table $id"; done
    expect_equal "$(cat charts)" "data-drawn=\"$(grep -o '<figure' drawn.html | wc -l)\"" "charts"
    # what the browser asks its maker on its own account is not the page's doing
    ! grep -oE '"url":"(https?|wss?|ftp):[^"]*' net.json | grep -vE '//([a-z0-9.-]+\.)?(google|googleapis|gstatic)\.com/' || fail "a request left the page"
}
look
look --blink-settings=preferredColorScheme=0
