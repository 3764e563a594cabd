// Statusbot reports the impact of an outage on clients, product by product,
// into Slack: a bot that answers /status, posts an impact update every few
// minutes and drills down per product, all from one shared check engine.
//
// # A tour of the house, from the ground up
//
// internal/checks holds the values: a check, and the result of one probe of it.
// internal/incident is the log of an incident and what may be added to it.
// internal/journal keeps all that survives a restart; only it knows how NATS does.
// internal/sandbox is a local Slack and internal/demo a small company; only this
// command and tests start them. internal/adopt reads what other tools are told. None
// of these knows any other.
//
// internal/checks/probe is the kit of which each kind under internal/checks/kind
// is made, internal/checks/kinds the table of them; internal/checks/runner
// keeps the schedule, internal/checks/heartbeat who reported by themselves, and
// internal/agent probes from other networks.
//
// internal/impact folds results into what clients of a product feel, and
// internal/impact/cause ranks what may be to blame for it. Above them
// internal/status holds the Board, the read model where results and events
// meet. internal/format writes a snapshot of it as Slack messages and terminal
// text, internal/format/report an incident as a page. internal/publish decides what
// of it is told when.
//
// internal/bot is the Slack front: it takes commands in and delivers updates;
// internal/ways delivers them by mail, webhooks and others. internal/web takes what
// other systems push and tells how statusbot is; internal/web/page is what people
// read in a browser, internal/web/api what programs read, those of language models
// through internal/mcp, and internal/metrics what Prometheus does. internal/config
// reads the files.
//
// internal/house is one running process, made of all these: it opens the
// journal, follows it, answers, and leads while it holds the lease.
// internal/replay runs recorded results through the same decisions, or through
// a house. Only these two and this package know what is configured and where
// things are stored. docs/architecture.md says where each decision stands.
//
// This package has the flags and the words, one file per subcommand.
//
// # The way of a result
//
// The leader's runner.Runner probes and appends batches of results to the
// journal. Every process follows the journal, from the past into the present
// by the same path, and feeds its Board. The leader's publish.Updater compares the
// Board with what the last update said; what is due is first an event in the
// journal, then an entry in the outbox. The leader's bot.Poster delivers the
// outbox and writes a receipt.
//
// # The way of a command
//
// bot.Socket or bot.HTTP turns what Slack sends into an envelope; bot.Dispatcher has one
// of its workers answer it from the Board, on the envelope's ack.
package main
