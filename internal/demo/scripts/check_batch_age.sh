#!/bin/sh
# How long ago did a batch job succeed? The job writes the time of its last
# success into FILE, in seconds since 1970.
# usage: check_batch_age.sh --warn SECONDS --crit SECONDS FILE
# exit:  0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (the Nagios plugin convention)

unknown() {
	echo "BATCH UNKNOWN - $1"
	exit 3
}

whole() {
	case $1 in
	'' | *[!0-9]*) return 1 ;;
	esac
}

warn='' crit='' file=''
while [ $# -gt 0 ]; do
	case $1 in
	--warn) warn=$2; shift ;;
	--crit) crit=$2; shift ;;
	-*) unknown "$1 is not an option; use --warn SECONDS --crit SECONDS FILE" ;;
	*) file=$1 ;;
	esac
	[ $# -gt 0 ] && shift
done
whole "$warn" || unknown "--warn wants a whole number of seconds"
whole "$crit" || unknown "--crit wants a whole number of seconds"
[ -n "$file" ] || unknown "name the file that the job writes"
[ -r "$file" ] || unknown "$file cannot be read"

last=''
read -r last <"$file"
whole "$last" || unknown "$file does not hold a time"
age=$(($(date +%s) - last))
[ "$age" -ge 0 ] || age=0
perf="age=${age}s;$warn;$crit;0"

if [ "$age" -gt "$crit" ]; then
	echo "BATCH CRITICAL - last success $age s ago, at most $crit s allowed | $perf"
	exit 2
fi
if [ "$age" -gt "$warn" ]; then
	echo "BATCH WARNING - last success $age s ago, usually within $warn s | $perf"
	exit 1
fi
echo "BATCH OK - last success $age s ago | $perf"
