// Package format turns snapshots and events into what people read: Slack
// messages (text and blocks) and lines for a terminal. It is pure: it reads no
// clock, file or socket and knows no Slack client; "now" is Snapshot.At or an
// argument. The same values give the same bytes, so an update that did not
// change need not be sent again.
//
// Rules of the text. People read it on a phone, at half past one in the
// morning, in a hurry:
//
//   - The first line alone carries the meaning; the top-level text of a message
//     begins with the same sentence as its first block.
//   - Words before colours: a level is a word and an emoji, and the emoji differ
//     in shape, not in colour alone.
//   - Counts stand beside every rate; numbers are rounded to what the data
//     support (see text.Percent and text.Latency).
//   - The age of every figure can be seen: a message says as of when it is, and
//     a product whose newest result is old says so.
//   - Unknown is said and never green: what is not measured is named, and is not
//     counted among what is as usual.
//   - Trouble that is slowness is called slow, not failing.
//   - Times are Slack's date tokens, so that each reader sees their own zone,
//     with UTC as the fallback; they carry a date once their span passes midnight
//     in the company's time zone.
//   - No exclamation marks and no blame. A refusal names the next step.
//   - External text (names, titles, summaries, evidence, owners) comes through
//     text.Escape, Code or Pre, is cut, and can neither mention anybody nor format
//     anything, nor look like a level.
package format
