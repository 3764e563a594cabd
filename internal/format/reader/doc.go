// Package reader reads what the bot says as a person would, and finds what
// cannot be true or is not calm: numbers that do not add up, a level beside
// figures of another, spans longer than the data, sentences that contradict
// each other, mentions, exclamation marks. It knows no snapshot: all that it
// takes from outside is what a reader knows too, such as when it is. Tests hold
// every rendered update of whole scenarios against it.
package reader
