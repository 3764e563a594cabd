// Package dns is the kind of check that asks a name server.
package dns

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/names"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind dns.
//
// A probe is one query, without retries: of what UDP loses, a client that
// asks again notices a delay, and the failure share shows how often.
type Options struct {
	Name string `mapstructure:"name"` // whole, no search list is used; for PTR an address will do
	Type string `mapstructure:"type"` // one of types

	Resolver   probe.Resolvers `mapstructure:"resolver"`    // the next is asked where one does not answer; default the first of /etc/resolv.conf, read anew each time
	Transport  string          `mapstructure:"transport"`   // "udp" (an answer that is cut short is fetched by TCP), "tcp" or "tls"
	ServerName string          `mapstructure:"server_name"` // with tls, who must be certified; default the resolver's host
	CAFile     string          `mapstructure:"ca_file"`     // with tls, PEM; roots that count beside the system's
	Dir        string          `mapstructure:"dir"`         // where ca_file is found from; default the folder of the file that defines the check

	RCode      []string `mapstructure:"rcode"`       // expected response codes, NOERROR if none is given; with another than NOERROR answers are not judged
	Expect     []string `mapstructure:"expect"`      // answers that must be there
	Matches    []string `mapstructure:"matches"`     // regular expressions, each of an answer that must be there
	Exactly    []string `mapstructure:"exactly"`     // all answers, in any order
	MinAnswers int      `mapstructure:"min_answers"` // of the type asked for, 1 by default
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "dns",
	Summary: "A name server answers a query in time, as expected.",
	Options: func() any {
		return &Options{Type: "A", Transport: "udp", MinAnswers: 1}
	},
	Build:   build,
	Example: `{name: example.com, type: MX, resolver: 192.0.2.53:53, expect: [10 mail.example.com]}`,
	Proven:  "Unbound 1.17",
}

// types are the types that can be asked for, by name.
var types = map[string]uint16{
	"A": dns.TypeA, "AAAA": dns.TypeAAAA, "CNAME": dns.TypeCNAME, "MX": dns.TypeMX, "TXT": dns.TypeTXT,
	"NS": dns.TypeNS, "SRV": dns.TypeSRV, "CAA": dns.TypeCAA, "PTR": dns.TypePTR, "SOA": dns.TypeSOA, "NAPTR": dns.TypeNAPTR,
	"HTTPS": dns.TypeHTTPS, "SVCB": dns.TypeSVCB, "TLSA": dns.TypeTLSA, "DS": dns.TypeDS, "DNSKEY": dns.TypeDNSKEY, "SSHFP": dns.TypeSSHFP,
}

// udpAnswerMax is how long an answer over UDP may be, in bytes: what is not
// fragmented on the way (https://www.dnsflagday.net/2020/).
const udpAnswerMax = 1232

type prober struct {
	query     dns.Msg       // without its id
	kind      string        // type that is asked for, "MX"
	servers   []*nameServer // in the order in which they are asked; of the system's the target is not known yet
	system    string        // path of the file that names the system's resolver, or empty
	transport string
	rcodes    []int    // any of them is right
	expect    []string // as answerText writes them
	exactly   []string
	matches   []*regexp.Regexp
	least     int
	dialer    probe.Dialer

	silence time.Duration // after which it is asked without
	recheck time.Duration // for which it is asked with it again then
}

// nameServer is one that is asked.
type nameServer struct {
	target probe.Target
	tls    *tls.Config // of transport tls
	plain  atomic.Bool // it says nothing to queries with EDNS
}

func build(c checks.Check) (probe.Probe, error) {
	p, err := newProber(c)
	if err != nil {
		return nil, err
	}
	return p.run, nil
}

func newProber(c checks.Check) (*prober, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	silence := min(c.Timeout/time.Duration(3*max(1, len(o.Resolver.Named()))), mostSilence)
	p := &prober{dialer: probe.NewDialer(c), least: o.MinAnswers, silence: silence, recheck: silence}
	if err := p.readQuestion(o); err != nil {
		return nil, err
	}
	if err := p.readResolver(c, o); err != nil {
		return nil, err
	}
	if err := p.readExpectations(o); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *prober) readQuestion(o *Options) error {
	p.kind = strings.ToUpper(o.Type)
	if p.kind == "" {
		p.kind = "A"
	}
	number, ok := types[p.kind]
	if !ok {
		return &probe.OptionError{Key: "type", Problem: "is not a type that can be asked for", Instead: "write one of " + strings.Join(slices.Sorted(maps.Keys(types)), ", ")}
	}
	name := probe.ASCIIName(o.Name)
	switch ip, err := netip.ParseAddr(name); {
	case err != nil:
	case p.kind != "PTR":
		return &probe.OptionError{Key: "name", Problem: "is an address", Instead: "write a name, or type: PTR for that of the address"}
	default:
		name, _ = dns.ReverseAddr(ip.WithZone("").String()) // no error: it is an address
	}
	if _, ok := dns.IsDomainName(name); !ok || name == "" || strings.ContainsFunc(name, notInName) {
		return &probe.OptionError{Key: "name", Problem: "is not a name", Instead: "write it whole, such as shop.example.com"}
	}
	p.query.SetQuestion(dns.Fqdn(name), number)
	p.query.SetEdns0(udpAnswerMax, false)
	return nil
}

// notInName are characters that are legal in a name and always a mistake.
func notInName(r rune) bool { return r <= ' ' || r == '/' || r == ':' || r > '~' }

func (p *prober) readResolver(c checks.Check, o *Options) error {
	p.transport = o.Transport
	named := o.Resolver.Named()
	switch p.transport {
	case "udp", "tcp", "tls":
	case "":
		p.transport = "udp"
	default:
		return &probe.OptionError{Key: "transport", Problem: "is not a transport", Instead: "write udp, tcp or tls"}
	}
	secure := p.transport == "tls"
	switch {
	case secure && len(named) == 0:
		return &probe.OptionError{Key: "resolver", Problem: "is empty", Instead: "write host:port; the system's resolver is not asked over TLS"}
	case !secure && o.ServerName != "":
		return &probe.OptionError{Key: "server_name", Problem: "means nothing without TLS", Instead: "write transport: tls"}
	case !secure && o.CAFile != "":
		return &probe.OptionError{Key: "ca_file", Problem: "means nothing without TLS", Instead: "write transport: tls"}
	case c.Strict && o.CAFile != "":
		return &probe.OptionError{Key: "ca_file", Problem: "is not for a strict check", Instead: "write the check in a configuration file"}
	}
	if len(named) == 0 {
		p.system, p.servers = "/etc/resolv.conf", []*nameServer{{}}
		return nil
	}
	port := "53"
	if secure {
		port = "853"
	}
	targets, err := named.Targets(port)
	if err != nil {
		return err
	}
	if err := probe.GoodServerName(o.ServerName); err != nil {
		return err
	}
	for _, t := range targets {
		s := &nameServer{target: t}
		if secure {
			host, _, _ := net.SplitHostPort(t.Address) // Targets has made it
			s.tls = &tls.Config{ServerName: probe.ASCIIName(cmp.Or(o.ServerName, host)), MinVersion: tls.VersionTLS12}
			if s.tls.RootCAs, err = probe.RootsOf(c, "ca_file", o.Dir, o.CAFile); err != nil {
				return err
			}
		}
		p.servers = append(p.servers, s)
	}
	return nil
}

func (p *prober) readExpectations(o *Options) error {
	for _, name := range o.RCode {
		code, ok := dns.StringToRcode[strings.ToUpper(name)]
		if !ok || code > 0xf { // the rest are codes of signed messages
			return &probe.OptionError{Key: "rcode", Problem: "is not a response code", Instead: "write NOERROR, NXDOMAIN, SERVFAIL or REFUSED"}
		}
		p.rcodes = append(p.rcodes, code)
	}
	if len(p.rcodes) == 0 {
		p.rcodes = []int{dns.RcodeSuccess}
	}
	switch judged := len(o.Expect) + len(o.Exactly) + len(o.Matches); {
	case !slices.Contains(p.rcodes, dns.RcodeSuccess) && judged > 0:
		return &probe.OptionError{Key: "rcode", Problem: "is not NOERROR, so there are no answers to expect", Instead: "remove expect, exactly and matches"}
	case len(o.Expect) > 0 && len(o.Exactly) > 0:
		return &probe.OptionError{Key: "expect", Problem: "does not go with exactly", Instead: "remove one"}
	case o.MinAnswers < 0:
		return &probe.OptionError{Key: "min_answers", Problem: "is less than 0", Instead: "write 0 if no answer is right as well"}
	case len(o.Exactly) > 0 && o.MinAnswers > len(o.Exactly):
		return &probe.OptionError{Key: "min_answers", Problem: "is more than exactly has", Instead: "remove it"}
	}
	for i, text := range o.Matches {
		pattern, err := regexp.Compile(text)
		if err != nil || text == "" {
			return &probe.OptionError{Key: fmt.Sprintf("matches[%d]", i), Problem: "is not a regular expression", Instead: "write one such as ^v=spf1 "}
		}
		p.matches = append(p.matches, pattern)
	}
	var err error
	if p.expect, err = p.readAnswers("expect", o.Expect); err != nil {
		return err
	}
	p.exactly, err = p.readAnswers("exactly", o.Exactly)
	return err
}

// readAnswers brings expected answers into the form in which answerText
// writes those that come.
func (p *prober) readAnswers(key string, list []string) ([]string, error) {
	var texts []string
	for i, s := range list {
		if p.kind == "TXT" && s != "" {
			texts = append(texts, s)
			continue
		}
		var rr dns.RR
		err := errors.New("more than a line")
		if s != "" && !strings.ContainsAny(s, "\n\r") && !hasComment(s) {
			rr, err = dns.NewRR(". 0 IN " + p.kind + " " + s)
		}
		if err != nil || rr == nil || !canBeSent(rr) {
			return nil, &probe.OptionError{Key: fmt.Sprintf("%s[%d]", key, i), Problem: "is not an answer of type " + p.kind, Instead: "write it as in a zone file, such as " + answerExamples[p.kind]}
		}
		texts = append(texts, answerText(rr))
	}
	return texts, nil
}

// hasComment reports whether a record's text has a semicolon outside quotes.
func hasComment(s string) bool {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return true
		}
	}
	return false
}

func (p *prober) run(ctx context.Context) checks.Result {
	var passedOver []string // what the servers did that were asked in vain
	for i, s := range p.servers {
		last := i == len(p.servers)-1
		part, cancel := ctx, func() {}
		if end, ok := ctx.Deadline(); ok && !last {
			part, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(len(p.servers)-i))
		}
		r, inVain := p.runOn(part, s)
		cancel()
		if inVain == "" || last || ctx.Err() != nil {
			if len(passedOver) > 0 {
				r.Summary += "; " + strings.Join(passedOver, "; ")
			}
			return r
		}
		passedOver = append(passedOver, s.target.Address+" "+inVain)
	}
	return probe.Internal("no resolver is named") // unreachable: there is one, or the system's
}

// runOn asks one server. If it could not answer, so that another may, inVain says what
// it did.
func (p *prober) runOn(ctx context.Context, s *nameServer) (r checks.Result, inVain string) {
	tr := p.dialer.Trail()
	to, ok := p.targetOf(s)
	if !ok {
		return probe.Internal("no resolver is named in " + p.system), ""
	}
	a := asked{prober: p, nameServer: s, to: to, tr: &tr}
	query := p.query
	query.Id = dns.Id()
	answer, err := a.askFirst(ctx, &query)
	if err == nil && answer.Truncated && p.transport == "udp" {
		if answer, err = a.ask(ctx, "tcp", &query); err != nil {
			r := tr.Failed(ctx, err)
			r.Summary = "the answer is cut short, as too long for UDP, and over TCP: " + r.Summary
			return r, "answers by halves"
		}
	}
	if err != nil {
		return a.failed(ctx, err)
	}
	r = p.verdict(answer)
	if answer.Truncated && r.Outcome == checks.Fail { // it came over TCP, at the latest
		r.Reason, r.Summary = checks.ReasonProtocol, "the answer is cut short over TCP as well, where it may be as long as it needs"
	}
	r.Phases = tr.Phases
	if s.plain.Load() {
		r.Summary += "; asked without EDNS, since to queries with it the server says nothing"
	}
	if r.Outcome != checks.Pass {
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Output: describeAnswer(answer)}
	}
	if names.CannotAnswer(answer.Rcode) && !slices.Contains(p.rcodes, answer.Rcode) {
		inVain = "says " + rcodeText(answer.Rcode)
	}
	return r, inVain
}

// failed is the result of a query without an answer.
func (a *asked) failed(ctx context.Context, err error) (r checks.Result, inVain string) {
	if errors.Is(err, syscall.ECONNREFUSED) {
		a.tr.Stage = probe.Connecting // over UDP the refusal comes when the answer is read
	}
	resolving := a.tr.Stage == probe.Resolving
	r = a.tr.Failed(ctx, err)
	switch {
	case resolving:
		r.Summary = "the resolver: " + r.Summary
	case errors.Is(err, errOtherQuestion), errors.Is(err, errNoQuestion), errors.Is(err, errMalformed):
		r.Summary = err.Error()
	case errors.Is(err, errLost):
		r.Reason, r.Summary = checks.ReasonTimeout, err.Error()
	case a.wrong != nil && r.Reason == checks.ReasonTimeout:
		r.Reason, r.Summary = checks.ReasonProtocol, a.wrong.Error()+"; no other came in "+probe.Span(a.dialer.Timeout)
	}
	switch r.Reason {
	case checks.ReasonTimeout:
		return r, "does not answer"
	case checks.ReasonInternal:
		return r, ""
	}
	return r, "cannot be asked: " + r.Summary
}

// targetOf returns where a server is, or false if the system names none.
func (p *prober) targetOf(s *nameServer) (probe.Target, bool) {
	if p.system == "" {
		return s.target, true
	}
	conf, err := dns.ClientConfigFromFile(p.system)
	if err != nil || len(conf.Servers) == 0 {
		return probe.Target{}, false
	}
	return probe.NewTarget(conf.Servers[0], conf.Port), true
}

// asked is a server that is asked by a probe.
type asked struct {
	*prober
	*nameServer

	to probe.Target
	tr *probe.Trail

	wrong error // what was wrong with a datagram that seemed to be the answer; nil for none
}

// exchange is a connection to a resolver on which queries are asked.
type exchange struct {
	*asked

	udp  bool
	talk dns.Conn
	sent time.Time // when the first query was
}

// open connects to a resolver; close ends it.
func (a *asked) open(ctx context.Context, transport string) (x *exchange, done func(), err error) {
	network := "tcp"
	if transport == "udp" {
		network = "udp"
	}
	conn, err := a.tr.DialOn(ctx, network, a.to)
	if err != nil {
		return nil, nil, err
	}
	unbind := probe.Bind(ctx, conn)
	done = func() { unbind(); _ = conn.Close() }
	x = &exchange{asked: a, udp: network == "udp", talk: dns.Conn{Conn: conn, UDPSize: udpAnswerMax}}
	if transport == "tls" {
		if x.talk.Conn, err = a.tr.Secure(conn, a.tls); err != nil {
			done()
			return nil, nil, err
		}
	}
	return x, done, nil
}

// ask makes one exchange on a connection of its own.
func (a *asked) ask(ctx context.Context, transport string, query *dns.Msg) (*dns.Msg, error) {
	x, done, err := a.open(ctx, transport)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := x.send(query); err != nil {
		return nil, err
	}
	return x.read(query)
}

func (x *exchange) send(query *dns.Msg) error {
	x.tr.Stage = probe.Sending
	if err := x.talk.WriteMsg(query); err != nil {
		return err
	}
	if x.sent.IsZero() {
		x.sent = time.Now()
	}
	x.tr.Stage = probe.Waiting
	return nil
}

// read waits for the answer to one of some queries. Anybody can send a datagram that
// claims to be the resolver's: one that is no answer is passed over, as clients do, and
// noted in wrong.
func (x *exchange) read(queries ...*dns.Msg) (*dns.Msg, error) {
	before := x.tr.Phases.FirstByte
	for {
		packet, err := x.talk.ReadMsgHeader(nil)
		if err != nil && !errors.Is(err, dns.ErrShortRead) {
			return nil, err
		}
		x.tr.Phases.FirstByte = before + time.Since(x.sent)
		x.tr.Stage = probe.Reading
		answer, meant, err := readAnswer(packet, queries)
		if err == nil || !x.udp {
			return answer, err
		}
		if meant {
			x.wrong = err
		}
		x.tr.Phases.FirstByte, x.tr.Stage = before, probe.Waiting
	}
}

// readAnswer reads an answer to one of some queries; meant says whether what is wrong
// with it can be the resolver's fault, and not somebody's who guesses.
func readAnswer(packet []byte, queries []*dns.Msg) (answer *dns.Msg, meant bool, err error) {
	if len(packet) == 0 { // dns.ErrShortRead
		return nil, true, errMalformed
	}
	answer, err = names.Unpacked(packet)
	i := slices.IndexFunc(queries, func(q *dns.Msg) bool { return q.Id == answer.Id })
	switch {
	case i < 0 || !answer.Response:
		return nil, false, errOtherQuestion
	case err != nil:
		return nil, true, errMalformed
	case len(answer.Question) == 0 && names.RefusesEDNS(answer.Rcode):
		return answer, true, nil // who does not understand a question need not repeat it
	case len(answer.Question) == 0:
		return nil, true, errNoQuestion
	case !slices.EqualFunc(answer.Question, queries[i].Question, sameQuestion):
		return nil, true, errOtherQuestion
	}
	return answer, true, nil
}

var (
	errMalformed     = errors.New("the answer is malformed")
	errOtherQuestion = errors.New("the answer is to another question")
	errNoQuestion    = errors.New("the answer does not repeat the question, so whose it is cannot be told")
)

func sameQuestion(a, b dns.Question) bool {
	return strings.EqualFold(a.Name, b.Name) && a.Qtype == b.Qtype && a.Qclass == b.Qclass
}
