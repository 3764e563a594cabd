// Package ways tells the updates of incidents in other places than Slack: always,
// or while Slack does not take them.
//
// It decides nothing of what is told. publish has done that, and its outbox in the
// journal holds the newest update of each incident; a way is one more that reads
// it there, next to the Poster of Slack. So the outbox is the queue of every way:
// it survives a restart, has one place for each incident, and the newest update
// wins in it, so that a way that was away gets no backlog.
//
// What a way has told is written down in the journal as a receipt of its own, under
// the way's name: before a message is sent (what is tried) and after it (what is
// told), each time only if nobody else has written it meanwhile. A leader that lost
// its lease cannot tell, and a restart tells nothing twice: what was under way in a
// crash is sent again under the same id where the receiver knows ids (Sender.Knows),
// and else left to the next update.
//
// One goroutine a way sends, so one that hangs delays no other. Whether Slack has an
// update is read off the receipts of the Poster, by one watch; that is also what
// says in the channel, once Slack is back, what was told where meanwhile.
//
// Nothing here knows Slack's client, the journal or the configuration.
package ways
