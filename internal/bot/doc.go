// Package bot is the Slack front. Envelopes come in through a transport (Socket
// Mode, or requests over HTTP) into one dispatcher with a bounded queue and bounded
// workers; a command is parsed, answered from the Board in memory and acked with
// the answer itself, inside Slack's 3 s. A command that writes appends an event
// first.
//
// Out of the house there is one way: package publish decides what is told and
// writes it down, the outbox keeps the newest body per destination and key,
// and the Poster delivers it: by an edit where the message exists and an edit
// is enough, else by a new post. Only the leader runs the Poster. Personal
// answers (ephemeral) are the exception: they go back on the
// envelope or its response_url and are lost if Slack is.
package bot
