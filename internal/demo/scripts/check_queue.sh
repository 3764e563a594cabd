#!/bin/sh
# How many items wait in a queue? The queue's owner writes their number into FILE.
# usage: check_queue.sh --warn ITEMS --crit ITEMS FILE
# exit:  0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (the Nagios plugin convention)

unknown() {
	echo "QUEUE UNKNOWN - $1"
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
	-*) unknown "$1 is not an option; use --warn ITEMS --crit ITEMS FILE" ;;
	*) file=$1 ;;
	esac
	[ $# -gt 0 ] && shift
done
whole "$warn" || unknown "--warn wants a whole number"
whole "$crit" || unknown "--crit wants a whole number"
[ -n "$file" ] || unknown "name the file with the queue's length"
[ -r "$file" ] || unknown "$file cannot be read"

depth=''
read -r depth <"$file"
whole "$depth" || unknown "$file does not hold a number"
perf="depth=$depth;$warn;$crit;0"

if [ "$depth" -gt "$crit" ]; then
	echo "QUEUE CRITICAL - $depth items wait, at most $crit allowed | $perf"
	exit 2
fi
if [ "$depth" -gt "$warn" ]; then
	echo "QUEUE WARNING - $depth items wait, usually $warn or fewer | $perf"
	exit 1
fi
echo "QUEUE OK - $depth items wait | $perf"
