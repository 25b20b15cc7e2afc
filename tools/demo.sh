#!/bin/sh
# demo.sh BRINK: breaks the built-in target and shows the report. About ten seconds, loopback only.
set -eu
brink=$1
out=$(mktemp)
"$brink" target --listen 127.0.0.1:0 --service-time 10ms --servers 10 --queue 200 \
	--duration 60s >"$out" &
target=$!
trap 'kill "$target" 2>/dev/null || true; rm -f "$out"' EXIT
until grep -q listening "$out"; do
	kill -0 "$target" || { echo "demo: the target did not start" >&2; exit 1; }
	sleep 0.05
done
url=http://$(sed -n 's/^listening on //p' "$out")/

echo "A target of 10 servers, 10 ms a request: it can answer 1000 requests a second."
echo
echo "\$ brink run $url -R 800 -c 300 -d 3s --accept-saturated"
"$brink" run "$url" -R 800 -c 300 -d 3s --accept-saturated
echo
echo "Now half as much again as it can bear:"
echo
echo "\$ brink run $url -R 1500 -c 300 -d 5s --threshold 'errors<5%' --accept-saturated"
code=0
"$brink" run "$url" -R 1500 -c 300 -d 5s --threshold 'errors<5%' --accept-saturated || code=$?
echo
if [ "$code" != 99 ]; then
	echo "demo: expected the target to break (exit 99), got exit $code" >&2
	exit 1
fi
echo "The target broke, as it should: exit 99, a threshold failed. Next: README.md, brink run --help"
