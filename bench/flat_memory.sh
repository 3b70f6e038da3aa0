#!/bin/sh
# SPDX-License-Identifier: MIT
#
# flat_memory.sh BUILD [COUNT]: fetches COUNT (a million) documents from a local nginx, and prints
# the greatest resident size each time it has grown.

set -eu

build=${1:?usage: bench/flat_memory.sh BUILD [COUNT]}
count=${2:-1000000}
eddy=$build/tools/eddy
[ -x "$eddy" ] || eddy=$build
scratch=$(mktemp -d)
nginx=
trap '[ -z "$nginx" ] || kill "$nginx"; rm -rf "$scratch"' EXIT
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

cat >"$scratch/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $scratch/pid; error_log $scratch/error.log;
events { worker_connections 1024; }
http {
    access_log off; default_type application/json; keepalive_requests 100000000;
    client_body_temp_path $scratch/1; proxy_temp_path $scratch/2; fastcgi_temp_path $scratch/3;
    uwsgi_temp_path $scratch/4; scgi_temp_path $scratch/5;
    server { listen 127.0.0.1:$port; location / { return 200 '{"uri":"\$uri","name":"Luke"}'; } }
}
CONF
"$(command -v nginx || echo /usr/sbin/nginx)" -p "$scratch" -c "$scratch/nginx.conf" &
nginx=$!
sleep 0.5

"$eddy" fetch "http://127.0.0.1:$port/people/{1..$count}/" --into "$scratch/x.db" \
    --concurrency 100 --quiet --json-summary >"$scratch/summary" &
job=$!
peak=0
while kill -0 "$job" 2>/dev/null; do
    now=$(awk '/^VmHWM/ { print $2 }' "/proc/$job/status" 2>/dev/null) || break
    if [ -n "$now" ] && [ "$now" -gt "$peak" ]; then
        peak=$now
        echo "$(date +%T) peak so far: $peak KiB"
    fi
    sleep 1
done
wait "$job"
cat "$scratch/summary"
echo "$count documents: $peak KiB at the most"
