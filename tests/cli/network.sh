#!/usr/bin/env bash
# Inputs over the network: a real server on loopback; what cannot be loaded, and why; once, whatever is done with it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=server.sh
. "$(dirname "$0")/server.sh"

# ---- one address ------------------------------------------------------------------------------------

expect_exit 0 "$CHUNKIMG" "$at/1.png" --tiles 4
expect_tiles 1_tiles 4
expect_text "$tmp/out" "loaded       $at/1.png, "
"$CHUNKIMG_ASSEMBLE" 1_tiles www/1.png
expect_equal "$(json 1_tiles/manifest.json .source.path)" "$at/1.png"
expect_exit 0 "$CHUNKIMG" verify 1_tiles

want=$(digest_of www/1.png --tiles 4)
for mode in $(chunkimg list modes | awk '{ print $1 }'); do
    "$CHUNKIMG" www/1.png -o none --quiet --mode "$mode" 2>/dev/null || continue # not in this build
    expect_equal "$(digest_of "$at/moved" --tiles 4 --mode "$mode" --workers 2)" "$want" "the digest of mode $mode"
done
: >access.log
expect_exit 0 "$CHUNKIMG" "$at/1.png" --mode serial,threads -o none --repeat 2 --json both.json
expect_equal "$(json both.json '[.reports[].digest] | unique | length')" 1
expect_exit 1 "$CHUNKIMG" "$at/missing.png" # whose line comes after the others
for _ in $(seq 100); do ! grep -q missing access.log || break; sleep 0.05; done
expect_equal "$(grep -c '/1.png' access.log)" 1 "an address is loaded once, whatever is done with it"
# loaded_once COMMAND...: succeeds with one request for /7.png
loaded_once() {
    local _
    : >access.log
    expect_exit 0 "$CHUNKIMG" "$@"
    cp "$tmp/out" said
    expect_exit 1 "$CHUNKIMG" "$at/missing.png"
    for _ in $(seq 100); do ! grep -q missing access.log || break; sleep 0.05; done
    expect_equal "$(grep -c '/7.png' access.log)" 1 "requests of: $*"
}
secretly=http://user:secret@127.0.0.1:$port/7.png
loaded_once info "$secretly"
expect_text said "160 x 120"
loaded_once bench "$secretly" --runs 2 --min-time 0.001 --workers 2 --json bench.json
for mode in $(all_modes); do
    jq -e --arg mode "$mode" '[.cases[].mode] | index($mode)' bench.json >/dev/null || fail "mode $mode is no row of: $(cat bench.json)"
done
expect_equal "$(json bench.json '.input.path')" "$at/7.png"
loaded_once bench --preset spawn --tile-sizes 64 "$secretly" --runs 2 --min-time 0.001 --json - # processes that are spawned read it as well
jq -e '([.cases[].label] | map(select(test("spawn"))) | length > 0) and ([.cases[] | has("error")] | any | not)' said >/dev/null || fail "$(cat said)"
loaded_once bench --ops "$secretly" --op invert --json floors.json
expect_equal "$(json floors.json '.input.path')" "$at/7.png"
render 600x400 www/7.png
loaded_once bench --limits "$secretly" --json floors.json
expect_equal "$(json floors.json '.input.path')" "$at/7.png"
for start in spawn forkserver; do
    expect_equal "$(digest_of "$at/7.png" --mode processes --start "$start" --workers 2)" "$(digest_of www/7.png --mode serial)" "$start"
done
expect_exit 1 "$CHUNKIMG" bench "$at/missing.png"
expect_text "$tmp/err" "the server answered 404"
expect_equal "$(find "$tmp" -name '*chunkimg-*' | wc -l)" 0 "temporaries of bench"

# names: of the last segment, decoded, and safe; no password is shown or kept
expect_exit 0 "$CHUNKIMG" "http://user:secret@127.0.0.1:$port/a%20name%3B.png?size=%2Fbig#top"
expect_tiles "a name;_tiles" 1
expect_no_text "$tmp/out" secret
expect_no_text "a name;_tiles/manifest.json" secret
expect_exit 1 "$CHUNKIMG" "http://user:secret@127.0.0.1:$port/x/%2e%2e%2f%2e%2e%2fescape.png"
expect_no_text "$tmp/err" secret

# an earlier run of the same content is gone on with, wherever it came from the second time
rm 1_tiles/*_000.png
expect_exit 0 "$CHUNKIMG" "$at/1.png" --tiles 4 --resume --json again.json
expect_equal "$(json again.json .output.tiles_kept)" 2

# ---- several, each for itself ----------------------------------------------------------------------

expect_exit 1 "$CHUNKIMG" "$at/2.png" "$at/missing.png" www/3.png "$at/no-image" "$at/4.png" -o several
expect_tiles several/2_tiles 1
expect_tiles several/3_tiles 1
expect_tiles several/4_tiles 1
expect_equal "$(find several -mindepth 1 -maxdepth 1 | wc -l)" 3
expect_text "$tmp/err" "$at/missing.png: cannot be loaded: the server answered 404"
expect_text "$tmp/err" "$at/no-image: not a PNG or JPEG image"
expect_text "$tmp/out" "5 inputs: 3 done, 2 failed    3 loaded"
expect_exit 6 "$CHUNKIMG" "$at/2.png" "$at/missing.png" -o skipping --on-error skip

# --json: what was done, and what was not, of whatever kind
printf 'no image' >www/no.png
head -c 2000 www/8.png >www/cut.png
expect_exit 1 "$CHUNKIMG" "$at/2.png" "http://user:secret@127.0.0.1:$port/missing.png" www/3.png www/no.png www/cut.png "$at/no-image" \
    -o listed --mode threads --json listed.json
expect_no_text listed.json secret
expect_equal "$(json listed.json .schema)" chunkimg-compare/1
expect_equal "$(json listed.json '[.reports[].input.path] | sort | join(" ")')" "$at/2.png www/3.png"
expect_equal "$(json listed.json '.failed | length')" 4
of() { json listed.json ".failed[] | select(.input == \"$1\") | \"\(.stage) \(.mode) \(.exit_code) \(.error)\""; }
expect_equal "$(of "$at/missing.png")" "download null 1 $at/missing.png: cannot be loaded: the server answered 404"
expect_equal "$(of "$at/no-image")" "open threads 3 $at/no-image: not a PNG or JPEG image"
expect_equal "$(of www/no.png)" "open threads 3 www/no.png: not a PNG or JPEG image"
case $(of www/cut.png) in 'run threads 3 www/cut.png: '*) ;; *) fail "what became of a file that is cut off: $(of www/cut.png)" ;; esac
expect_exit 1 "$CHUNKIMG" "$at/missing.png" -o none --json listed.json # there is a document also where nothing else is
expect_equal "$(json listed.json '"\(.reports | length) \(.failed | length)"')" "0 1"
expect_exit 3 "$CHUNKIMG" www/cut.png www/3.png -o none --mode serial,threads --repeat 2 --json listed.json
expect_equal "$(json listed.json '"\(.reports | length) \([.failed[] | .stage + " " + .mode] | join(","))"')" "2 run serial"
expect_exit 2 "$CHUNKIMG" "$at/2.png" "$at/x/2.png?other"
expect_text "$tmp/err" "would both be written to 2_tiles"

# ---- what cannot be loaded, and why -------------------------------------------------------------------

refused() { # CODE TEXT ADDRESS [OPTION...]
    local code=$1 text=$2
    shift 2
    expect_exit "$code" "$CHUNKIMG" "$@" -o refused_tiles
    expect_text "$tmp/err" "$text"
    expect_equal "$(wc -l <"$tmp/err")" 1 "messages of $1"
    expect_nothing refused_tiles
}
refused 1 "the server answered 503" "$at/gone"
refused 1 "the server answered 204" "$at/nothing"
refused 1 "more than 10 redirects" "$at/loop"
refused 1 "redirected to neither http nor https" "$at/to-file"
refused 1 "redirected to neither http nor https" "$at/to-ftp"
refused 1 "nothing more came for 1 s (--timeout)" "$at/stall" --timeout 1
refused 4 "more than --max-download allows" "$at/1.png" --max-download 100
refused 4 "more than --max-download allows" "$at/endless" --max-download 100KiB
refused 1 "cannot be loaded: Failed to connect" "http://127.0.0.1:1/a.png"
refused 2 "only http and https" "file:///etc/hostname"
refused 2 "only http and https" "ftp://127.0.0.1/1.png"
refused 2 "only http and https" "$at/1.png" "gopher://127.0.0.1/2.png"
refused 1 "certificate" "https://127.0.0.1:$tls/1.png"
SSL_CERT_FILE=$tmp/cert.pem expect_exit 0 "$CHUNKIMG" "https://127.0.0.1:$tls/1.png" -o none
if [ -f v6 ]; then expect_exit 0 "$CHUNKIMG" "http://[::1]:$port/1.png" -o none; fi

# a body that ends before its length
cat >short.py <<'PY'
import socket, sys
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
print(server.getsockname()[1], flush=True)
body = open("www/1.png", "rb").read()
while True:
    peer, _ = server.accept()
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:-100])
    peer.close()
PY
python3 short.py >short.port &
servers+=($!)
for _ in $(seq 100); do [ ! -s short.port ] || break; sleep 0.05; done
refused 1 "cannot be loaded" "http://127.0.0.1:$(cat short.port)/short.png"

# ---- a run on files alone pays for none of it ---------------------------------------------------------------

LD_DEBUG=libs expect_exit 0 "$CHUNKIMG" www/1.png -o none
expect_no_text "$tmp/err" libcurl
LD_DEBUG=libs expect_exit 0 "$CHUNKIMG" "$at/1.png" -o none
expect_text "$tmp/err" libcurl
