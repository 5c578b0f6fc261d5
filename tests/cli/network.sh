#!/usr/bin/env bash
# Inputs over the network: a real server on loopback, with a delay of its own for every file; what cannot be loaded.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

if chunkimg --version | grep -q 'without libcurl'; then
    expect_exit 2 "$CHUNKIMG" http://127.0.0.1/a.png
    expect_text "$tmp/err" "made without libcurl"
    skip "the build reads no addresses (said with one sentence)"
fi
need nginx openssl python3
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY CURL_CA_BUNDLE SSL_CERT_FILE TMPDIR
export no_proxy='*'

echo_module=$(find /usr/lib/nginx/modules /usr/lib64/nginx/modules -name ngx_http_echo_module.so 2>/dev/null | head -1 || true)
[ -n "$echo_module" ] || skip "nginx has no echo module (Debian: libnginx-mod-http-echo)"

# ---- the server ---------------------------------------------------------------------------------

mkdir -p www
for i in 1 2 3 4 5 6 7 8; do render 160x120 "www/$i.png" --seed "$i"; done
cp www/1.png "www/a name;.png"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
printf '::1' >v6
python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null || rm v6

# Servers end with the test, whatever its verdict.
servers=()
stop() {
    local pid
    for pid in "${servers[@]}"; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
    rm -rf "$tmp"
}
trap stop EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_nginx() {
    local _
    for _ in 1 2 3 4 5; do
        port=$(free_port) tls=$(free_port)
        cat >nginx.conf <<CONF
load_module $echo_module;
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events { worker_connections 256; }
http {
    log_format times '\$msec \$request_time \$request_uri';
    access_log $tmp/access.log times;
    client_body_temp_path $tmp/t1; proxy_temp_path $tmp/t2; fastcgi_temp_path $tmp/t3;
    uwsgi_temp_path $tmp/t4; scgi_temp_path $tmp/t5;
    types { image/png png; }
    server {
        listen 127.0.0.1:$port;
        $([ ! -f v6 ] || echo "listen [::1]:$port;")
        listen 127.0.0.1:$tls ssl;
        ssl_certificate $tmp/cert.pem; ssl_certificate_key $tmp/key.pem;
        root $tmp/www;
        location /slow/ { echo_sleep 0.2; echo_exec @slow; }
        location @slow { rewrite ^/slow/(.*)\$ /\$1 break; root $tmp/www; }
        location /moved { return 302 /1.png; }
        location /loop { return 302 /loop; }
        location /to-file { return 302 file:///etc/hostname; }
        location /to-ftp { return 302 ftp://127.0.0.1/1.png; }
        location /gone { return 503; }
        location /nothing { return 204; }
        location /stall { echo_sleep 60; echo late; }
        location /endless { echo_duplicate 200000 x; echo_flush; echo_duplicate 200000 x; }
        location /no-image { echo hello; }
    }
}
CONF
        nginx -p "$tmp" -c "$tmp/nginx.conf" 2>>nginx.out &
        servers+=($!)
        for _ in $(seq 100); do
            if python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; then return 0; fi
            kill -0 "$!" 2>/dev/null || break
            sleep 0.05
        done
    done
    cat nginx.out nginx.log >&2
    skip "nginx does not start here"
}
start_nginx
at=http://127.0.0.1:$port

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
expect_exit 0 "$CHUNKIMG" info "$at/1.png"
expect_text "$tmp/out" "160 x 120"

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

# ---- who waits for whom ---------------------------------------------------------------------------------

# How many requests to /slow/ the server had at the same time, at most.
overlap() {
    local _
    for _ in $(seq 100); do [ "$(grep -c /slow/ access.log)" -lt 8 ] || break; sleep 0.05; done
    awk '/\/slow\// { printf "%.3f 1\n%.3f -1\n", $1 - $2 + 0.001, $1 }' access.log | sort -n |
        awk '{ now += $2; if (now > most) most = now } END { print most }'
}
slow=() # eight photographs
for i in 1 2 3 4 5 6 7 8; do slow+=("$at/slow/$i.png"); done

# loads MODE LEAST MOST [OPTION...]: the same files as by serial, with at least and at most so many requests at once
loads() {
    local mode=$1 least=$2 most=$3 saw
    shift 3
    grep -qx "$mode" modes || return 0 # not in this build
    : >access.log
    expect_exit 0 "$CHUNKIMG" "${slow[@]}" -o "by-$mode" --mode "$mode" "$@"
    expect_equal "$(grep -c '^loaded ' "$tmp/out")" 8 "lines of what mode $mode loaded"
    saw=$(overlap)
    if [ "$saw" -lt "$least" ] || [ "$saw" -gt "$most" ]; then fail "mode $mode $*: $saw requests at once, not $least to $most"; fi
    diff -r by-serial "by-$mode" >/dev/null || fail "mode $mode wrote other files than serial"
    [ "$mode" = serial ] || rm -r "by-$mode"
}
(all_modes; echo auto) >modes
loads serial 1 1
for mode in openmp threads processes gil; do loads "$mode" 4 4 --workers 4; done
loads hybrid 4 4 --processes 2 --threads 2
loads threads 2 2 --workers 2
loads async 8 8
loads auto 8 8

# runs that are processes of their own: this one, which will fork, starts nobody, and has as many going at once
for modes in threads threads,serial; do
    : >access.log
    expect_exit 0 "$CHUNKIMG" "${slow[@]}" -o none --mode "$modes" --workers 3 --repeat 2
    case $modes in threads) want=3 ;; *) want=8 ;; esac
    expect_equal "$(overlap)" "$want" "requests at once for runs of $modes"
done

# more addresses than there are descriptors
for mode in threads async auto; do
    grep -qx "$mode" modes || continue
    many=()
    for i in $(seq 300); do many+=("$at/1.png?$i"); done
    (ulimit -n 300 && expect_exit 0 "$CHUNKIMG" "${many[@]}" -o none --mode "$mode")
    expect_text "$tmp/out" "300 inputs: 300 done, 0 failed    300 loaded"
done

# In every mode: whatever becomes of one, the others are loaded, and each limit holds.
for mode in $(cat modes); do
    expect_exit 1 "$CHUNKIMG" "$at/2.png" "$at/missing.png" "$at/stall" "$at/endless" "$at/to-file" "https://127.0.0.1:$tls/1.png" \
        "$at/no-image" "$at/3.png" -o none --mode "$mode" --timeout 1 --max-download 100KiB
    expect_text "$tmp/out" "8 inputs: 2 done, 6 failed    3 loaded"
    expect_equal "$(wc -l <"$tmp/err")" 6 "messages in mode $mode"
    expect_text "$tmp/err" "$at/missing.png: cannot be loaded: the server answered 404"
    expect_text "$tmp/err" "$at/stall: nothing more came for 1 s (--timeout)"
    expect_text "$tmp/err" "$at/endless: more than --max-download allows"
    expect_text "$tmp/err" "$at/to-file: cannot be loaded: redirected to neither http nor https"
    expect_text "$tmp/err" "https://127.0.0.1:$tls/1.png: cannot be loaded: SSL"
    expect_text "$tmp/err" "$at/no-image: not a PNG or JPEG image"
    expect_exit 2 "$CHUNKIMG" "$at/1.png" "file:///etc/hostname" -o none --mode "$mode"
done

# Nobody waits for a server longer than the user does.
for mode in $(cat modes); do
    "$CHUNKIMG" "$at/stall" "$at/stall?again" -o none --mode "$mode" --workers "$([ "$mode" = serial ] && echo 1 || echo 2)" 2>stopped.err &
    pid=$!
    sleep 0.3
    children=$(pgrep -P "$pid" || true)
    kill -INT "$pid"
    gone_within 2 "$pid" || fail "mode $mode waits for a server after it was interrupted"
    status=0
    wait "$pid" || status=$?
    expect_equal "$status" 130 "the exit code of mode $mode, interrupted while it loads"
    for pid in $children; do gone_within 2 "$pid" || fail "mode $mode left a process behind"; done
done

# A process that dies over a download: another one begins it again.
"$CHUNKIMG" "${slow[@]}" -o by-processes --mode processes --workers 2 >"$tmp/out" &
pid=$!
for _ in $(seq 500); do children=$(pgrep -P "$pid" || true); [ -z "$children" ] || break; sleep 0.01; done
sleep 0.1
# shellcheck disable=SC2086
kill -9 $children
wait "$pid" || fail "a download whose process was killed was not begun again"
diff -r by-serial by-processes >/dev/null || fail "a download that was begun again brought something else"

# downloads go on while a job runs: on its loop, inline and with a pool; some fail, and disturb no other
if "$CHUNKIMG" www/1.png -o none --quiet --mode async 2>/dev/null; then
    render 1200x900 work.png
    for pool in 0 2; do
        expect_exit 1 "$CHUNKIMG" work.png "$at/slow/1.png" "$at/missing.png" "$at/slow/2.png" "http://127.0.0.1:1/no.png" \
            -o "mixed$pool" --mode async --async-pool "$pool" --op median=2
        expect_text "$tmp/out" "5 inputs: 3 done, 2 failed    2 loaded"
        expect_equal "$(wc -l <"$tmp/err")" 2 messages
        "$CHUNKIMG" verify "mixed$pool/1_tiles" "mixed$pool/2_tiles" "mixed$pool/work_tiles" >/dev/null || fail "what was made beside downloads"
    done
    expect_exit 0 "$CHUNKIMG" "${slow[@]:0:3}" -o none --mode async --repeat 2 --json apart.json
    expect_equal "$(json apart.json '.reports | length')" 3
fi

# ---- a run on files alone pays for none of it ---------------------------------------------------------------

LD_DEBUG=libs expect_exit 0 "$CHUNKIMG" www/1.png -o none
expect_no_text "$tmp/err" libcurl
LD_DEBUG=libs expect_exit 0 "$CHUNKIMG" "$at/1.png" -o none
expect_text "$tmp/err" libcurl
