# Sourced by the tests of inputs over the network: nginx on loopback, with photographs in www/, at $at, and by TLS at port $tls.
# /slow/NAME comes after 0.2 s; access.log has a line for each request: when it ended, how long it took, what it was for.
# shellcheck shell=bash disable=SC2034,SC2154

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
