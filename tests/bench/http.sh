#!/usr/bin/env bash
# Requests per second of a simulated Drainer against nginx that serves the same body with
# `return 200`: one thread each, side by side in the lab's own network, five pairs of runs and the
# median of their ratios. Usage: tests/bench/http.sh [SECONDS of a run [CONNECTIONS]]. Needs wrk and
# nginx (setup/packages.txt, stage full) and a Release build.
set -euo pipefail
here=$(readlink -f "${BASH_SOURCE[0]}")
root=$(dirname "$here")/../..
url=http://10.0.4.1:8249/status # of old-drainer-1

if [[ ${1:-} != inside ]]; then
  exec "$root/build/release/rehearsal/tidegate" lab "$root/scenarios/kafka-to-cluster/small.json" \
    --seed 1 --clock real --quiet --shell -c "'$here' inside ${1:-2} ${2:-128}"
fi

seconds=$2 connections=$3 folder=$TIDEGATE_LAB/nginx
mkdir "$folder"
cat >"$folder/nginx.conf" <<EOC
worker_processes 1;
pid $folder/pid;
events { worker_connections 20000; }
http {
  access_log off;
  keepalive_requests 100000000;
  default_type text/plain;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server {
    listen 127.0.0.1:18080;
    location / { return 200 '$(curl -sS "$url")'; }
  }
}
EOC
nginx -c "$folder/nginx.conf" -e "$folder/error.log"
rate() { wrk -t1 "-c$connections" "-d${seconds}s" "$1" | awk '/Requests\/sec/ { print $2 }'; }
for _ in 1 2 3 4 5; do
  echo "$(rate http://127.0.0.1:18080/) $(rate "$url")"
done | awk '{ printf "%.3f  nginx %.0f/s, lab %.0f/s\n", $2 / $1, $1, $2 }' | sort -n |
  awk '{ print } NR == 3 { median = $1 } END { print "median of the ratios: " median }'
