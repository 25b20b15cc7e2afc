#!/bin/sh
# deps.sh PACKAGE...: installs the Debian packages that are missing, and says which.
set -eu
missing=""
for p in "$@"; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
sudo=""
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: need root to install:$missing" >&2
		echo "deps: as root, run: apt-get install -y --no-install-recommends$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! { $sudo apt-get -qq update && $sudo apt-get -qq -y install --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
