package dns

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// answerExamples show how an expected answer of each type is written.
var answerExamples = map[string]string{
	"A": "192.0.2.1", "AAAA": "2001:db8::1", "CNAME": "www.example.com", "MX": "10 mail.example.com", "NS": "ns1.example.com",
	"TXT": "v=spf1 -all", "SRV": "10 5 5060 sip.example.com", "CAA": `0 issue "ca.example.net"`, "PTR": "www.example.com",
	"SOA": "ns1.example.com admin.example.com 1 7200 3600 1209600 300",
}

// answerText writes the data of a record as a zone file does, names in lower
// case; a TXT record is its strings joined, as clients read it.
func answerText(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.TXT:
		return unescapeTXT(strings.Join(rr.Txt, ""))
	case *dns.CAA:
		return strings.TrimPrefix(rr.String(), rr.Hdr.String())
	}
	return strings.ToLower(strings.TrimPrefix(rr.String(), rr.Header().String()))
}

// unescapeTXT undoes \" and \123 (RFC 1035, 5.1).
func unescapeTXT(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 10, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

// verdict judges an answer that belongs to the query.
func (p *prober) verdict(answer *dns.Msg) checks.Result {
	bad := func(reason checks.Reason, summary string) checks.Result {
		return checks.Result{Outcome: checks.Fail, Reason: reason, Summary: summary}
	}
	if answer.Rcode != p.rcode {
		said := rcodeText(answer.Rcode)
		if more := extended(answer); more != "" {
			said += " (" + more + ")"
		}
		return bad(checks.ReasonDNS, "the answer is "+said+", expected "+rcodeText(p.rcode))
	}
	if p.rcode != dns.RcodeSuccess {
		return checks.Result{Outcome: checks.Pass, Summary: rcodeText(p.rcode) + ", as expected"}
	}
	var got []string
	names := namesOf(p.query.Question[0].Name, answer.Answer)
	for _, rr := range answer.Answer {
		if rr.Header().Rrtype == p.query.Question[0].Qtype && names[strings.ToLower(rr.Header().Name)] { // others are names on the way
			got = append(got, answerText(rr))
		}
	}
	said := fmt.Sprintf("%d answers", len(got))
	if len(got) == 1 {
		said = "1 answer"
	}
	list := got
	if p.kind == "TXT" {
		list = make([]string, len(got))
		for i, s := range got {
			list[i] = strconv.Quote(s)
		}
	}
	said += ": " + strings.Join(list, ", ")
	wanted := p.expect
	if len(p.exactly) > 0 {
		wanted = p.exactly
	}
	switch lacking, more := first(wanted, got), first(got, p.exactly); {
	case len(got) == 0 && (p.least > 0 || len(wanted) > 0):
		return bad(checks.ReasonDNS, "the name has no "+p.kind+" record")
	case lacking != "":
		return bad(checks.ReasonAssertion, "lacks "+probe.Quoted(lacking)+" in "+said)
	case len(p.exactly) > 0 && more != "":
		return bad(checks.ReasonAssertion, "has "+probe.Quoted(more)+" beside what is expected, in "+said)
	case len(got) < p.least:
		return bad(checks.ReasonAssertion, fmt.Sprintf("expected at least %d, has %s", p.least, said))
	case len(got) == 0:
		return checks.Result{Outcome: checks.Pass, Summary: "no " + p.kind + " record"}
	}
	return checks.Result{Outcome: checks.Pass, Summary: said}
}

// namesOf returns the name that was asked for, and those that it is another
// name of: what an answer says of others is none.
func namesOf(asked string, answer []dns.RR) map[string]bool {
	names := map[string]bool{strings.ToLower(asked): true}
	for range answer { // each turn may find one more
		before := len(names)
		for _, rr := range answer {
			if alias, ok := rr.(*dns.CNAME); ok && names[strings.ToLower(alias.Hdr.Name)] {
				names[strings.ToLower(alias.Target)] = true
			}
		}
		if len(names) == before {
			break
		}
	}
	return names
}

// first returns the first text of a list that is not in the other.
func first(list, other []string) string {
	for _, s := range list {
		if !slices.Contains(other, s) {
			return s
		}
	}
	return ""
}

func rcodeText(code int) string {
	if code == dns.RcodeBadVers {
		return "BADVERS" // of a query; the number is BADSIG's as well
	}
	if name := dns.RcodeToString[code]; name != "" {
		return name
	}
	return "response code " + strconv.Itoa(code)
}

// describeAnswer writes down what a resolver said, a record a line.
func describeAnswer(answer *dns.Msg) string {
	var b strings.Builder
	b.WriteString(rcodeText(answer.Rcode))
	if answer.Authoritative {
		b.WriteString(", authoritative")
	}
	b.WriteByte('\n')
	for _, rr := range answer.Answer {
		b.WriteString(rr.String())
		b.WriteByte('\n')
	}
	if len(answer.Answer) == 0 {
		for _, rr := range answer.Ns {
			b.WriteString("authority: " + rr.String() + "\n")
		}
	}
	return b.String()
}
