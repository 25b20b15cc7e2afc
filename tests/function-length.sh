#!/bin/sh
# function-length.sh FILE...: fails where a function body is longer than 60 lines.
awk '
FNR == 1 { start = 0 }
/^\{/ { start = FNR }
/^\}/ && start {
	if (FNR - start - 1 > 60) { printf "%s:%d: a function of %d lines, 60 at most\n", FILENAME, start, FNR - start - 1; bad = 1 }
	start = 0
}
END { exit bad }
' "$@"
