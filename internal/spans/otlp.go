package spans

import "strconv"

// What is posted, as https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding has
// it: ids in hex, 64-bit numbers as texts, enums as numbers.
type (
	request struct {
		Resources []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource resource     `json:"resource"`
		Scopes   []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []attribute `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	span struct {
		Trace      string      `json:"traceId"`
		ID         string      `json:"spanId"`
		Parent     string      `json:"parentSpanId,omitempty"`
		Flags      int         `json:"flags"` // of traceparent
		Name       string      `json:"name"`
		Kind       int         `json:"kind"`
		Start      nanos       `json:"startTimeUnixNano,string"`
		End        nanos       `json:"endTimeUnixNano,string"`
		Attributes []attribute `json:"attributes"`
		Events     []event     `json:"events,omitempty"`
		Status     status      `json:"status"`
	}
	event struct {
		Time       nanos       `json:"timeUnixNano,string"`
		Name       string      `json:"name"`
		Attributes []attribute `json:"attributes"`
	}
	status struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code,omitempty"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		Text   *string  `json:"stringValue,omitempty"`
		Whole  string   `json:"intValue,omitempty"`
		Number *float64 `json:"doubleValue,omitempty"`
	}

	nanos uint64 // since 1970
)

const (
	kindInternal = 1
	kindClient   = 3
	statusError  = 2
	flagSampled  = 1
)

// taken is the answer to what was taken; a part of it may be refused.
type taken struct {
	Partial struct {
		Rejected number `json:"rejectedSpans"`
	} `json:"partialSuccess"`
}

// number is a 64-bit number, which a peer may write as a text or as a number.
type number uint64

// UnmarshalJSON reads either form. What is neither is 0: the answer was a good one even so.
func (n *number) UnmarshalJSON(b []byte) error {
	text := string(b)
	if plain, err := strconv.Unquote(text); err == nil {
		text = plain
	}
	got, _ := strconv.ParseUint(text, 10, 64)
	*n = number(got)
	return nil
}

func text(key, v string) attribute          { return attribute{key, value{Text: &v}} }
func whole(key string, v int) attribute     { return attribute{key, value{Whole: strconv.Itoa(v)}} }
func float(key string, v float64) attribute { return attribute{key, value{Number: &v}} }
