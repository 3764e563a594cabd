package config

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

type rawSpans struct {
	Endpoint    string `mapstructure:"endpoint"`
	Headers     string `mapstructure:"headers"`
	HeadersFile string `mapstructure:"headers_file"`
	CAFile      string `mapstructure:"ca_file"`
	Of          string `mapstructure:"of"`
}

// Of which probes a collector is told.
const (
	SpansOfAll    = "all"
	SpansOfFailed = "failed"
)

func (s *settings) spans() Spans {
	raw := s.raw.Probes.Spans
	out := Spans{Endpoint: strings.TrimSpace(raw.Endpoint), Headers: s.token("probes.spans.headers", raw.Headers, raw.HeadersFile),
		CAFile: s.path("probes.spans.ca_file", raw.CAFile), Failed: s.oneOf("probes.spans.of", raw.Of, SpansOfAll, SpansOfFailed) == SpansOfFailed}
	if out.Endpoint == "" {
		for key, set := range map[string]bool{"headers": !out.Headers.IsZero(), "ca_file": out.CAFile != ""} {
			if set {
				s.note("probes.spans."+key, "is given without an endpoint", `write endpoint: "http://127.0.0.1:4318"`)
			}
		}
		return Spans{}
	}
	const instead = `write the base of the collector's OTLP over HTTP, such as "http://127.0.0.1:4318"`
	u, ok := webURL(out.Endpoint)
	switch {
	case !ok:
		s.note("probes.spans.endpoint", "is not an address that can be posted to", instead)
	case u.User != nil:
		s.note("probes.spans.endpoint", "holds a user and a password", `write headers: "Authorization=Basic%20..."`)
	case u.RawQuery != "" || u.Fragment != "":
		s.note("probes.spans.endpoint", "has a query", instead)
	case strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/v1/traces"):
		s.note("probes.spans.endpoint", "ends in /v1/traces, which is added to it", instead)
	}
	if _, problem := headersIn(out.Headers.Reveal()); problem != "" {
		s.note(s.decides("probes.spans.headers"), problem, `write "name=value,name=value", the values as in an URL: a blank is %20, a comma %2C`)
	}
	if out.CAFile != "" {
		if content, err := readFile(out.CAFile); err != nil {
			message, instead := whyUnreadable(err)
			s.note("probes.spans.ca_file", fmt.Sprintf("%s: %s", out.CAFile, message), instead)
		} else if !x509.NewCertPool().AppendCertsFromPEM(content) {
			s.note("probes.spans.ca_file", out.CAFile+": holds no certificate", "write a file in PEM")
		}
	}
	return out
}

// HeaderFields are the headers apart :: name -> value.
func (s Spans) HeaderFields() map[string]string {
	all, _ := headersIn(s.Headers.Reveal()) // it was read once
	return all
}

// headersIn reads what services show for OTEL_EXPORTER_OTLP_HEADERS
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables).
// The problem, if there is one, repeats nothing.
func headersIn(text string) (all map[string]string, problem string) {
	all = map[string]string{}
	for one := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		switch lower := strings.ToLower(name); {
		case !ok || !probe.IsToken(name):
			return nil, "has a part that is not name=value"
		case err != nil || !probe.IsFieldValue(value):
			return nil, "has a value that none can be"
		case lower == "host" || lower == "content-type" || lower == "content-length" || lower == "content-encoding" || lower == "transfer-encoding" || lower == "connection":
			return nil, "has a header that is set by itself"
		}
		all[name] = value
	}
	return all, ""
}
