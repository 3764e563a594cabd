#!/bin/sh
# Says how much room a file system has, as a Nagios plugin does
# (https://www.monitoring-plugins.org/doc/guidelines.html): one line of text, performance
# data behind "|", exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
#
#   disk_space.sh [-w PERCENT] [-c PERCENT] [PATH]
#
# Warns below -w (default 10) and fails below -c (default 2) per cent free.

warn=10
crit=2
usage() {
	echo "UNKNOWN - usage: disk_space.sh [-w PERCENT] [-c PERCENT] [PATH]"
	exit 3
}
while getopts w:c: option; do
	case $option in
	w) warn=$OPTARG ;;
	c) crit=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
path=${1:-/}
case $warn$crit in
*[!0-9]*) usage ;;
esac

# df -P prints one line per file system in every POSIX system, sizes in KiB with -k.
line=$(df -Pk "$path" 2>/dev/null | tail -n 1)
size=$(echo "$line" | awk '{print $2}')
free=$(echo "$line" | awk '{print $4}')
case $size in
'' | 0 | *[!0-9]*)
	echo "UNKNOWN - $path: no size is known"
	exit 3
	;;
esac
percent=$(awk "BEGIN {printf \"%d\", 100 * $free / $size}")

text="$percent % free of $path|free=$percent%;$warn:;$crit:;0;100"
if [ "$percent" -lt "$crit" ]; then
	echo "CRITICAL - $text"
	exit 2
elif [ "$percent" -lt "$warn" ]; then
	echo "WARNING - $text"
	exit 1
fi
echo "OK - $text"
