// Package text is how we write: numbers with what the data support, times as
// Slack's date tokens with UTC beside them, levels and verdicts in words, and
// external text made harmless. What is written with it (format, report,
// picture) says the same figure with the same digits everywhere. It is pure.
//
// External text (names, titles, summaries, evidence, owners) comes through
// Escape, Code or Pre where mrkdwn is read, and through Plain or Inert
// elsewhere: it is cut, and can neither mention anybody nor format anything,
// nor look like a level.
package text
