// Package journal keeps all that survives a restart, in NATS JetStream: bytes in, bytes out. It knows nothing of
// what the bytes mean. Only internal/agent imports NATS besides, for a server of its own from which nobody reaches a journal.
//
// With [Config.URL] empty a server runs inside this process: an in-process connection, no port, no signal
// handlers, files in Dir/nats. With a URL the same code uses an existing cluster. Nothing else differs.
//
// # What is kept, and what a crash may cost
//
// P is [Config.Prefix], by default "statusbot"; stream names use it in capitals.
//
//	name                 subject                        kept                    after kill -9   after a power cut
//	P_RESULTS            P.results                      by age and bytes        see below       see below
//	P_DURABLE            P.durable                      the newest 32 MiB       all             all
//	P_EVENTS             P.events.INCIDENT              for good                all             all
//	KV_P_outbox          $KV.P_outbox.DEST.KEY          newest per DEST.KEY     all             all
//	KV_P_receipts        $KV.P_receipts.DEST.KEY        newest per DEST.KEY     all             all
//	KV_P_shelves         $KV.P_shelves.SHELF.KEY        newest per SHELF.KEY    all             all
//	KV_P_lease           $KV.P_lease.NAME               newest per NAME         all             all
//	P_CHECKPOINTS        P.checkpoints.KEY              until they are dropped  see below       see below
//
// "All" means all that was acknowledged, that is every call that returned a nil error: the embedded server syncs each
// such write to the disk before it answers. An external cluster gives what its own sync policy and Replicas give.
// Results are the exception: the embedded server writes them in the background (JetStream's async persist mode), so an
// append waits for no disk. A killed process may lose its last batches (1 to 34 in ten kills of a writer at full
// speed), a power cut those of about the last [resultsSync]. What a kill loses is always the end of the stream, a power cut takes
// any part of what was not synced; no batch is torn.
// Batches given to [Journal.AppendResultsDurably] have a second, synced copy in P_DURABLE (embedded server only), from which
// [Open] restores what was lost.
//
// Events are the promise: with the server inside each is also in events.copy, a file of its own that this package alone
// reads and writes, synced before the event is acknowledged. [Open] gives each what the other has lost.
//
// Checkpoints are but short cuts through the results and events: the newest may be lost, and then there is the one before or none.
// With the server inside they are files of Dir/checkpoints in place of a stream, and P_DURABLE is there in that case only.
//
// The KV_ streams have the layout of NATS key-value buckets, so `nats kv` reads them.
//
// # Names in subjects
//
// INCIDENT, DEST, KEY, SHELF and NAME are arbitrary non-empty strings of the caller. Each becomes one subject token: the
// bytes A-Z a-z 0-9 - and _ stand for themselves, every other byte is written =XX in upper-case hex, as in
// quoted-printable: "slack:C01/inc.7" is "slack=3AC01=2Finc=2E7". The encoding is reversible and one to one; an
// encoded name may have [maxToken] bytes.
//
// # Who calls what
//
// Every member follows results and events and answers from what it has read; a command that it answers may append an
// event or put an entry into the outbox. All else is of the function given to [Journal.Lead]: the leader's events and
// entries, and the receipts, with the generation it was given stored in them. Results come from its schedule, and from
// whoever takes in what is pushed.
// All methods may be called from any goroutine. Follow and Watch call their functions from the caller's goroutine,
// one at a time, and hold no message back: a slow function slows its own stream only.
package journal
