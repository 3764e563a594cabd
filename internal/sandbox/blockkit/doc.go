// Package blockkit says what Slack would refuse in a message or a view: the
// sizes and the shape of Block Kit. Slack's client libraries send anything and
// leave the refusal to Slack; this is where the bot's tests and the sandbox
// learn of it before.
//
// A rule is one row of a table (blocks.go, elements.go). Characters are
// counted, not bytes. The figures are those of the JSDoc of @slack/types
// unless a comment says otherwise. Where Slack's figure is not known there is
// no rule.
//
// The package imports nothing that can reach a network.
package blockkit
