#!/bin/sh
# Says whether each partition of a Kafka topic has a leader and all its replicas in step, as a
# Nagios plugin does. It asks the brokers with kcat, which Debian has as a package.
#
#   kafka_topic.sh BROKER:PORT[,BROKER:PORT...] TOPIC [OPTION OF KCAT]...
#
# A login and TLS belong into a file for kcat (-F FILE), since arguments are seen by everybody
# on the machine. A topic that is not there is made by brokers that make topics when asked.

if [ $# -lt 2 ]; then
	echo "UNKNOWN - usage: kafka_topic.sh BROKER:PORT TOPIC [OPTION OF KCAT]..."
	exit 3
fi
if ! command -v kcat >/dev/null; then
	echo "UNKNOWN - kcat is not installed"
	exit 3
fi
brokers=$1
topic=$2
shift 2

# -m: kcat gives up after 5 s, so the check's time-out should be longer.
if ! said=$(kcat -L -m 5 -b "$brokers" -t "$topic" "$@" 2>&1); then
	echo "CRITICAL - $(echo "$said" | sed -n 's/^% ERROR: //p' | tail -n 1)"
	exit 2
fi

# kcat says, for each partition: partition 0, leader 1, replicas: 1,2,3, isrs: 1,3
# and behind that what is wrong with it.
echo "$said" | awk -v topic="$topic" '
	function count(list) { sub(/,$/, "", list); return list == "" ? 0 : split(list, parts, ",") }
	$1 == "topic" && /partitions: / { sub(/.* partitions: /, ""); wrong = ": " $0 }
	$1 == "broker" { brokers++ }
	$1 == "partition" {
		partitions++
		if ($4 + 0 < 0) leaderless++
		else if (count($8) < count($6)) behind++
	}
	END {
		perf = sprintf("|partitions=%d behind=%d;0 leaderless=%d;;0", partitions, behind, leaderless)
		if (!partitions) { print "CRITICAL - " topic " has no partitions" wrong perf; exit 2 }
		text = topic ": " partitions " partitions on " brokers " brokers, "
		if (leaderless) { print "CRITICAL - " text leaderless " without a leader" perf; exit 2 }
		if (behind) { print "WARNING - " text behind " with replicas behind" perf; exit 1 }
		print "OK - " text "all in step" perf
	}'
