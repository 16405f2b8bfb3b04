#!/bin/sh
# log.sh HEADNS COREDNS: processor time of a query with `log` and without it, at 8,000 queries a second, lines going to /dev/null. Server on processor 0, dnsperf on
# processor 1. Judges nothing.
set -eu
folder=$(mktemp -d)
pid=
trap 'rm -rf "$folder"; [ -z "$pid" ] || kill "$pid"' EXIT
port=15353

ticks() {
	awk '{print $14 + $15}' "/proc/$1/stat"
}

measure() { # which program, which word
	printf '.:%s {\n bind 127.0.0.1\n %s\n whoami\n}\n' "$port" "$2" >"$folder/Corefile"
	taskset -c 0 "$1" -conf "$folder/Corefile" >/dev/null 2>&1 &
	pid=$!
	until dnsperf -s 127.0.0.1 -p "$port" -d "$folder/names" -n 1 -t 1 2>/dev/null | grep -q 'Queries completed: *[1-9]'; do :; done
	before=$(ticks "$pid")
	count=$(taskset -c 1 dnsperf -s 127.0.0.1 -p "$port" -d "$folder/names" -l 4 -Q 8000 -c 4 2>/dev/null | awk '/Queries completed/{print $3}')
	after=$(ticks "$pid")
	kill "$pid"
	wait "$pid" || :
	pid=
	echo "$before $after $count ${1##*/} ${2:--}" | awk -v hz="$(getconf CLK_TCK)" '{printf "%-8s %-4s %6.1f us a query\n", $4, $5, ($2 - $1) * 1e6 / hz / $3}'
}

for i in 1 2 3 4 5 6 7 8; do
	echo "web-$i.nginx.default.svc.example.com A"
done >"$folder/names"
for program in "$1" "$2"; do
	measure "$program" log
	measure "$program" ""
done
