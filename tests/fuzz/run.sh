#!/bin/sh
# run.sh BUILD SECONDS: runs every fuzzer of BUILD/tests/fuzz for SECONDS each, one after another.
#
# A fuzzer starts from the seeds in tests/data/<its name>, copied, so that what it learns does not
# end up in the tree. One line each; a finding leaves its input below BUILD/artifacts and makes
# the exit code 1.
set -u
build=${1:?run.sh BUILD SECONDS}
seconds=${2:?run.sh BUILD SECONDS}
root=$(cd "$(dirname "$0")/../.." && pwd)
artifacts=$build/artifacts
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$artifacts"

# The value of a "stat::name: value" line of a fuzzer's log, 0 where it broke off before it.
stat_of() {
	value=$(sed -n "s/^stat::$1: *//p" "$2" | tail -n 1)
	echo "${value:-0}"
}

fuzz() {
	name=$(basename "$1")
	corpus=$scratch/$name
	log=$scratch/$name.log
	mkdir -p "$corpus" "$artifacts/$name"
	[ -d "$root/tests/data/$name" ] && cp "$root/tests/data/$name"/* "$corpus"
	touch "$scratch/begin"
	"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-verbosity=1 -artifact_prefix="$artifacts/$name/" "$corpus" >"$log" 2>&1
	code=$?
	found=$(find "$artifacts/$name" -type f -newer "$scratch/begin" | wc -l)
	[ "$code" -ne 0 ] && [ "$found" -eq 0 ] && found=1
	runs=$(stat_of number_of_executed_units "$log")
	printf '%-20s %12s executions %10s executions/s %4s findings\n' \
		"$name" "$runs" "$(stat_of average_exec_per_sec "$log")" "$found"
	if [ "$code" -ne 0 ]; then
		tail -n 30 "$log" | sed 's/^/    /'
	fi
	fuzzers=$((fuzzers + 1))
	total=$((total + runs))
	findings=$((findings + found))
}

fuzzers=0 total=0 findings=0
for fuzzer in "$build"/tests/fuzz/fuzz_*; do
	[ -x "$fuzzer" ] && [ -f "$fuzzer" ] && fuzz "$fuzzer"
done
echo "$fuzzers fuzzers, $total executions, $findings findings"
[ "$fuzzers" -gt 0 ] && [ "$findings" -eq 0 ]
