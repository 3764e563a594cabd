// Package report tells an incident as a whole, for those who were not there: as
// one HTML page that needs nothing else, and as Markdown. It is made of the
// incident's events and of what the configuration says now, and is pure: the
// same Facts give the same bytes.
//
// A figure of it comes from the figures that the updates told, so that report
// and channel cannot contradict each other. Its texts are plain; Markdown and
// HTML escape them. What Slack says of a report is format's.
package report
