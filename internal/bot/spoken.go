package bot

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// spokenHours are the hours of a clock's face in words.
var spokenHours = map[string]string{"one": "1", "eins": "1", "ein": "1", "zwei": "2", "drei": "3", "vier": "4", "fünf": "5", "sechs": "6", "sieben": "7", "acht": "8", "neun": "9", "zehn": "10", "elf": "11", "zwölf": "12"}

// onFace reads an hour of a clock's face, 1 to 12; 0 when a word is none.
func onFace(w string) int {
	n, err := strconv.Atoi(cmp.Or(spokenHours[w], numbers[w], w))
	if err != nil || n < 1 || n > 12 || len(w) > 2 && w[0] <= '9' {
		return 0
	}
	return n
}

// spokenClock reads a time of day as it is said: "half past one", "quarter to two", "10
// past 1", "halb zwei". A clock's face does not tell the halves of the day apart: the
// last such time before an instant is meant. The words come back where they are none.
func spokenClock(words []string, here time.Time) []string {
	said := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "a" || w == "minutes" || w == "min" })
	if len(said) == 2 && said[0] == "halb" {
		said = []string{"30", "to", said[1]}
	}
	if len(said) != 3 {
		return words
	}
	minutes, err := strconv.Atoi(cmp.Or(map[string]string{"half": "30", "quarter": "15", "viertel": "15"}[said[0]], numbers[said[0]], said[0]))
	hour := onFace(said[2])
	if err != nil || minutes < 1 || minutes > 30 || hour == 0 {
		return words
	}
	switch said[1] {
	case "past", "nach":
	case "to", "vor":
		minutes = -minutes
	default:
		return words
	}
	at := hour%12*60 + minutes // of the first half of the day
	for _, half := range []int{12 * 60, 0} {
		at := (at + half + 24*60) % (24 * 60)
		if at <= here.Hour()*60+here.Minute() {
			return []string{fmt.Sprintf("%02d:%02d", at/60, at%60)}
		}
	}
	at = (at + 12*60) % (24 * 60) // yesterday's
	return []string{fmt.Sprintf("%02d:%02d", at/60, at%60)}
}

// Hours that are said with the evening: "tonight at 10" is 22:00. What is later may be
// of the morning.
const (
	firstOfNight = 6
	lastOfNight  = 11
)

// atNight writes the hour that stands with a part of a day as a time of day: "tonight at 10"
// is "tonight at 22:00", "this morning at 9" "this morning at 9:00".
func atNight(words []string) []string {
	first, last, half := 0, 0, 12
	for _, w := range words {
		switch w {
		case "tonight", "night", "evening":
			first, last = firstOfNight, lastOfNight
		case "afternoon":
			first, last = 1, firstOfNight
		case "morning":
			first, last, half = 1, lastOfNight, 0
		}
	}
	out := slices.Clone(words)
	for i, w := range out {
		n, err := strconv.Atoi(w)
		if err != nil || n < max(first, 1) || n > last || i+1 < len(out) && (unitOf(out[i+1]) > 0 || out[i+1] == "am" || out[i+1] == "pm") {
			continue
		}
		out[i] = strconv.Itoa(n+half) + ":00"
		break
	}
	return out
}

// lastNight reports whether a word is the first of "last night".
func lastNight(words []string, i int) bool {
	return words[i] == "last" && i+1 < len(words) && strings.TrimRight(words[i+1], ".,") == "night"
}
