#!/bin/sh
# demo.sh BRINK: breaks the built-in target and shows the report. Half a minute, loopback only.
set -eu
brink=$1
out=$(mktemp)
found=$(mktemp)
"$brink" target --listen 127.0.0.1:0 --service-time 10ms --servers 10 --queue 200 \
	--duration 2m >"$out" &
target=$!
trap 'kill "$target" 2>/dev/null || true; rm -f "$out" "$found"' EXIT
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
echo "Now until it breaks:"
echo
echo "\$ brink find $url --from 200 --hold 1s --watch 1s"
code=0
"$brink" find "$url" --from 200 --hold 1s --watch 1s | tee "$found" || code=$?
echo
if ! grep -q 'VERDICT *breaks at' "$found"; then
	echo "demo: expected the target to break (exit $code)" >&2
	exit 1
fi
echo "The target broke, as it should. Next: README.md, brink find --help, brink run --help"
