#!/bin/sh
# instructions.sh QUERY_BENCH: instructions per query of the common questions, counted by callgrind. Judges nothing.
# QUERY_BENCH is the program of this folder (meson setup -Dbench=true).
set -eu
bench=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
kind=0
while said=$(valgrind --tool=callgrind --toggle-collect=answer_batch --callgrind-out-file=/dev/null --log-file="$log" "$bench" $kind); do
	count=${said%% *}
	instructions=$(sed -n 's/^.*Collected : \([0-9]*\).*$/\1/p' "$log")
	printf '%6d  %s\n' $((instructions / count)) "${said#* }"
	kind=$((kind + 1))
done
