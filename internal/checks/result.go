package checks

import "time"

// Outcome says what one probe learnt.
type Outcome string

const (
	Pass     Outcome = "pass"
	Degraded Outcome = "degraded" // the client was served, but not as promised (slow, a plugin's WARNING)
	Fail     Outcome = "fail"
	Unknown  Outcome = "unknown" // we could not observe; counted neither as pass nor as fail
)

// Reason is the fingerprint of an outcome that is not a pass: a small closed set.
type Reason string

const (
	ReasonNone      Reason = ""          // passed
	ReasonDNS       Reason = "dns"       // the name did not resolve
	ReasonConnect   Reason = "connect"   // refused, unreachable: no connection was made
	ReasonTLS       Reason = "tls"       // the handshake or the certificate failed
	ReasonTimeout   Reason = "timeout"   // the check's time-out ended it; Summary names the phase
	ReasonReset     Reason = "reset"     // the peer closed or reset the connection before the answer was whole
	ReasonStatus    Reason = "status"    // an answer with a status that is not expected
	ReasonAssertion Reason = "assertion" // an answer whose content is not as expected
	ReasonLatency   Reason = "latency"   // right, but slower than the check's limit
	ReasonScript    Reason = "script"    // an exec check said so by its exit code or JSON
	ReasonProtocol  Reason = "protocol"  // the peer did not speak the protocol
	ReasonInternal  Reason = "internal"  // our own fault: the outcome is unknown
)

// Result is what one probe saw.
type Result struct {
	Check    string // id of the check
	Product  string // id of its product
	Vantage  string // place it ran from; empty means the only one
	Started  time.Time
	Duration time.Duration // wall time of the probe
	Outcome  Outcome
	Reason   Reason
	Summary  string // one line for people, at most 200 characters, external text not escaped
	Phases   Phases
	Evidence *Evidence // nil for a plain pass
}

// Ended returns when the probe was over.
func (r Result) Ended() time.Time { return r.Started.Add(r.Duration) }

// Phases are the parts of a probe's duration; zero means that the phase did
// not happen or is not known to the kind.
type Phases struct {
	DNS       time.Duration
	Connect   time.Duration
	TLS       time.Duration
	FirstByte time.Duration // from the request written to the first byte of the answer
	Transfer  time.Duration // from the first byte to the last
}

// Evidence is what a person wants to see when they doubt a result.
type Evidence struct {
	Remote string // address that answered, "127.0.0.1:443"
	Status int    // HTTP status, or a script's exit code; see Kind
	Output string // first 1 KiB of the body or output, valid UTF-8, secrets taken out, external text not escaped
	Perf   []Perf // performance data of a plugin
	Script string // path of the script of an exec check

	RequestID    string // the trace that it was sent under, and what the answer's headers say to find it by in its server's logs: "trace=4bf92f..., x-request-id=7f3a, cf-ray=8c1"
	ScriptSHA256 string // hex, of the script as it was when it ran

	// Picture is a JPEG of what a browser showed, at most 100 KiB. It is no
	// part of the stored form: whoever stores a result keeps it elsewhere, and
	// says where in Screenshot.
	Picture    []byte
	Screenshot string // path of the file that holds the picture; it may have been removed since
}

// Perf is one value of a plugin's performance data
// (https://www.monitoring-plugins.org/doc/guidelines.html#AEN197).
type Perf struct {
	Label string
	Value float64
	Unit  string // "s", "%", "B", "c" or empty
}

// Plus adds two exchanges of one probe.
func (p Phases) Plus(q Phases) Phases {
	return Phases{DNS: p.DNS + q.DNS, Connect: p.Connect + q.Connect, TLS: p.TLS + q.TLS, FirstByte: p.FirstByte + q.FirstByte, Transfer: p.Transfer + q.Transfer}
}

// Less is what came after q.
func (p Phases) Less(q Phases) Phases {
	return Phases{DNS: p.DNS - q.DNS, Connect: p.Connect - q.Connect, TLS: p.TLS - q.TLS, FirstByte: p.FirstByte - q.FirstByte, Transfer: p.Transfer - q.Transfer}
}
