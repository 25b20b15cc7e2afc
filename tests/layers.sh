#!/bin/sh
# layers.sh DIR: fails where an #include in DIR goes against the arrows of DIR/engine/LAYERS.
# Rooms: the folders below engine/, and bpf, tuning, tools. Tests may include anything.
set -eu
cd "${1:-.}"
[ -r engine/LAYERS ] || { echo "layers: no engine/LAYERS here" >&2; exit 2; }
files=$(find engine bpf tuning tools -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || { echo "layers: no sources here" >&2; exit 2; }
# shellcheck disable=SC2086
awk '
FNR == NR {
	sub(/#.*/, "")
	if (split($0, part, ":") == 2) {
		gsub(/[ \t]/, "", part[1])
		known[part[1]] = 1
		count = split(part[2], may, " ")
		for (i = 1; i <= count; i++) allowed[part[1], may[i]] = 1
	}
	next
}
FNR == 1 {
	n = split(FILENAME, path, "/")
	room = path[1] == "engine" ? path[2] : path[1]
	if (!(room in known)) { printf "%s: room %s is not in engine/LAYERS\n", FILENAME, room; bad = 1 }
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	match($0, /"[^"]+"/)
	name = substr($0, RSTART + 1, RLENGTH - 2)
	n = split(name, part, "/")
	to = part[1]
	if (n == 1 || to == room) next
	if (!((room, to) in allowed)) {
		printf "%s:%d: %s may not include %s (\"%s\")\n", FILENAME, FNR, room, to, name
		bad = 1
	}
}
/^[ \t]*#[ \t]*include[ \t]*<liburing/ && FILENAME !~ /^engine\/io\/ring/ {
	printf "%s:%d: only engine/io/ring* may include liburing\n", FILENAME, FNR
	bad = 1
}
END { exit bad }
' engine/LAYERS $files
echo "layers: $(echo "$files" | wc -l) files keep to engine/LAYERS"
