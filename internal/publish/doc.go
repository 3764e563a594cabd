// Package publish decides what is told when, and sees to it that it is.
//
// Step is the one heart of it: from the log of incidents, a snapshot and the
// rules it says what is to be written down and told at that instant, each
// decision a value with its reason. It is pure. The running bot, the playback
// of recorded results and `replay --render` all ask the same Step, so what is
// shown of an outage that is over is what would have been told in it.
//
// Around it stand the Ledger, through which every event is written, and the
// Updater, the leader's loop: it asks Step four times a second, appends each
// event, and only then gives what follows from it to the outbox. A conflict or
// a failure leaves the rest of that incident to the next look, and nothing of
// another. What a crash leaves between the two is mended at the start of the
// next term: an update that was written down and not handed over is drawn anew
// under its number, and what it then tells is written down beside it.
//
// Nothing here knows Slack or the journal: a message goes into the outbox in
// the stored form of Body, and what delivers it is on the other side.
package publish
