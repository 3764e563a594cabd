package dns

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/names"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// answerExamples show how an expected answer of each type is written.
var answerExamples = map[string]string{
	"A": "192.0.2.1", "AAAA": "2001:db8::1", "CNAME": "www.example.com", "MX": "10 mail.example.com", "NS": "ns1.example.com",
	"TXT": "v=spf1 -all", "SRV": "10 5 5060 sip.example.com", "CAA": `0 issue "ca.example.net"`, "PTR": "www.example.com",
	"SOA": "ns1.example.com admin.example.com 1 7200 3600 1209600 300", "NAPTR": `100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .`,
	"HTTPS": "1 . alpn=h2", "SVCB": "1 svc.example.com port=8443", "SSHFP": "4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789",
	"TLSA": "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"DS":   "12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "DNSKEY": "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
}

// answerText writes the data of a record as a zone file does, names in lower
// case; a TXT record is its strings joined, as clients read it.
func answerText(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.TXT:
		return unescapeTXT(strings.Join(rr.Txt, ""))
	case *dns.HTTPS:
		inOrder(&rr.SVCB)
		return dataOf(rr)
	case *dns.SVCB:
		inOrder(rr)
		return dataOf(rr)
	case *dns.NAPTR:
		rr.Replacement = strings.ToLower(rr.Replacement)
		return dataOf(rr)
	case *dns.CAA:
		rr.Tag = strings.ToLower(rr.Tag) // RFC 8659, 4.1
		return dataOf(rr)
	case *dns.DNSKEY:
		return dataOf(rr)
	}
	return strings.ToLower(dataOf(rr))
}

// canBeSent reports whether what a record holds as text can stand in an answer: a
// fingerprint whose digits are none parses, and can never come.
func canBeSent(rr dns.RR) bool {
	_, err := dns.PackRR(rr, make([]byte, dns.MaxMsgSize), 0, nil, false)
	return err == nil
}

// dataOf writes a record without its name, class and type.
func dataOf(rr dns.RR) string { return strings.TrimPrefix(rr.String(), rr.Header().String()) }

// inOrder brings the parts of a record into the order in which servers send them.
func inOrder(rr *dns.SVCB) {
	rr.Target = strings.ToLower(rr.Target)
	slices.SortStableFunc(rr.Value, func(a, b dns.SVCBKeyValue) int { return cmp.Compare(a.Key(), b.Key()) })
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
	alias := aliasOf(p.query.Question[0].Name, answer.Answer)
	switch {
	case !slices.Contains(p.rcodes, answer.Rcode):
		return p.otherCode(answer, alias)
	case answer.Rcode != dns.RcodeSuccess:
		return checks.Result{Outcome: checks.Pass, Summary: rcodeText(answer.Rcode) + ", as expected"}
	}
	var got []string
	owners := names.Of(p.query.Question[0].Name, answer.Answer)
	for _, rr := range answer.Answer {
		if asked := p.query.Question[0]; rr.Header().Rrtype == asked.Qtype && rr.Header().Class == asked.Qclass && owners[strings.ToLower(rr.Header().Name)] { // others are names on the way
			got = append(got, answerText(rr))
		}
	}
	if len(got) == 0 && refersElsewhere(answer) {
		if alias != "" && alias != inCircle {
			return bad(checks.ReasonDNS, "the name is an alias of "+alias+", for which the server refers to other name servers")
		}
		return bad(checks.ReasonDNS, "the server does not know the name, and refers to other name servers")
	}
	return p.judge(got, alias)
}

// refersElsewhere reports whether an answer is none, but says who is to be asked (RFC 2308,
// 2.2): it comes with no start of authority, as that of a name without such records does.
func refersElsewhere(answer *dns.Msg) bool {
	isNS := func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS }
	isSOA := func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA }
	return slices.ContainsFunc(answer.Ns, isNS) && !slices.ContainsFunc(answer.Ns, isSOA) && !answer.RecursionAvailable
}

func bad(reason checks.Reason, summary string) checks.Result {
	return checks.Result{Outcome: checks.Fail, Reason: reason, Summary: summary}
}

// otherCode is the result of an answer whose code is not expected.
func (p *prober) otherCode(answer *dns.Msg, alias string) checks.Result {
	said := rcodeText(answer.Rcode)
	if more := extended(answer); more != "" {
		said += " (" + more + ")"
	}
	if alias != "" && alias != inCircle {
		said += " of " + alias + ", which the name is an alias of"
	}
	expected := make([]string, len(p.rcodes))
	for i, code := range p.rcodes {
		expected[i] = rcodeText(code)
	}
	return bad(checks.ReasonDNS, "the answer is "+said+", expected "+strings.Join(expected, " or "))
}

// judge judges the records that an answer has; alias is what the name is an alias
// of, as aliasOf returns it.
func (p *prober) judge(got []string, alias string) checks.Result {
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
	case len(got) == 0 && (p.least > 0 || len(wanted) > 0 || len(p.matches) > 0):
		switch alias {
		case "":
			return bad(checks.ReasonDNS, "the name has no "+p.kind+" record")
		case inCircle:
			return bad(checks.ReasonDNS, "the name has no "+p.kind+" record: its aliases (CNAME) lead in a circle")
		}
		return bad(checks.ReasonDNS, "the name is an alias of "+alias+", which has no "+p.kind+" record")
	case p.unmatched(got) != "":
		return bad(checks.ReasonAssertion, "nothing matches "+probe.Quoted(p.unmatched(got))+" in "+said)
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

// inCircle is where aliases lead that have no end; no name is empty before its dot.
const inCircle = "..."

// aliasOf returns the last of the names that a name is an alias of, or nothing.
func aliasOf(asked string, answer []dns.RR) string {
	to := make(map[string]string)
	for _, rr := range answer {
		if alias, ok := rr.(*dns.CNAME); ok {
			to[strings.ToLower(alias.Hdr.Name)] = strings.ToLower(alias.Target)
		}
	}
	end := strings.ToLower(asked)
	for range to {
		next, ok := to[end]
		if !ok {
			break
		}
		end = next
	}
	switch _, on := to[end]; {
	case on:
		return inCircle
	case end == strings.ToLower(asked):
		return ""
	}
	return strings.TrimSuffix(end, ".")
}

// unmatched returns the first regular expression that no answer matches.
func (p *prober) unmatched(got []string) string {
	for _, pattern := range p.matches {
		if !slices.ContainsFunc(got, pattern.MatchString) {
			return pattern.String()
		}
	}
	return ""
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
