// Package agent probes from other networks: an Agent runs there and connects out to
// the Desk of the statusbot that leads, over TLS, and to nobody else.
//
// The desk's way in is a NATS server of its own, without JetStream: who comes in by it
// can reach no journal. An agent proves itself by a key that never leaves its
// machine, and may say what begins with up.VANTAGE.ID and hear its own answers.
//
//	up.VANTAGE.ID.hello    each second: how it is; the answer names its share of the checks
//	up.VANTAGE.ID.checks   its share, in parts
//	up.VANTAGE.ID.results  a batch; the answer comes once the journal has it
//	up.VANTAGE.ID.bye      it ends
//	enroll                 by the holder of a token, once: its key in exchange for an id
//
// The desk divides the checks of a vantage among the agents of it that live. One that
// goes is missed after [silentAfter], and the others have its checks a second later.
// An agent that is cut off goes on, and keeps its results; they come late with
// their true times, unless another one has measured the same check since.
package agent
