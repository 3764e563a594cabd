package snmp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// agent is a conversation with one.
type agent struct {
	snmp   *gosnmp.GoSNMP
	unbind func() bool
	sent   time.Time
	first  time.Duration // until the first answer; 0 before
	last   []byte        // what came last
}

// reported says in words what the agent reported last; empty for nothing.
func (a *agent) reported() string {
	if a == nil || a.snmp.Version != gosnmp.Version3 {
		return ""
	}
	return reportIn(a.last)
}

// bound is a connection whose deadline is never later than its context's end:
// the library sets one for each try. It keeps what came last for who asked.
type bound struct {
	net.Conn
	ctx context.Context //nolint:containedctx // of one probe, as the connection is
	of  *agent
}

func (b bound) Read(into []byte) (int, error) {
	n, err := b.Conn.Read(into)
	if err == nil {
		b.of.last = append(b.of.last[:0], into[:n]...)
	}
	return n, err
}

func (b bound) SetDeadline(t time.Time) error {
	err := b.Conn.SetDeadline(t)
	if b.ctx.Err() != nil {
		return b.Conn.SetDeadline(probe.LongAgo)
	}
	return err
}

// connect makes a conversation over a connection of the check's own dialer.
func (p *prober) connect(ctx context.Context, tr *probe.Trail) (*agent, error) {
	a := &agent{}
	g := &gosnmp.GoSNMP{
		Version: p.version, Context: ctx, Retries: p.tries - 1,
		ContextName: p.context, MaxOids: objectsMax,
	}
	if err := p.identify(g); err != nil {
		return nil, err
	}
	conn, err := tr.DialOn(ctx, "udp", p.target)
	if err != nil {
		return nil, err
	}
	// The library wants to dial itself, and makes of it a socket that sends
	// nothing; what is spoken over is what the guard has seen.
	peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err == nil {
		g.Target, g.Port = peer.Addr().String(), peer.Port()
		err = g.Connect()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	g.Conn.Close()
	g.Conn = bound{conn, ctx, a}
	g.OnSent = func(*gosnmp.GoSNMP) { a.sent = time.Now() }
	g.OnRecv = func(*gosnmp.GoSNMP) {
		if a.first == 0 {
			a.first = time.Since(a.sent)
		}
	}
	if end, ok := ctx.Deadline(); ok {
		g.Timeout = time.Until(end) / time.Duration(p.tries)
	}
	a.snmp, a.unbind = g, probe.Bind(ctx, conn)
	tr.Stage = probe.Waiting
	return a, nil
}

// errNoPassword is a file that cannot be read any more.
type errNoPassword struct{ error }

// identify says who asks.
func (p *prober) identify(g *gosnmp.GoSNMP) error {
	if p.version != gosnmp.Version3 {
		text, err := p.community.Reveal()
		if err == nil && len(text) > communityMax {
			err = errors.New("is longer than 127 bytes")
		}
		if g.Community = text; err != nil {
			return errNoPassword{err}
		}
		return nil
	}
	u := p.user
	as := &gosnmp.UsmSecurityParameters{UserName: u.name, AuthenticationProtocol: u.auth, PrivacyProtocol: u.privacy}
	var err error
	g.MsgFlags = gosnmp.NoAuthNoPriv
	if u.auth != gosnmp.NoAuth {
		g.MsgFlags = gosnmp.AuthNoPriv
		if as.AuthenticationPassphrase, err = u.password.Reveal(); err != nil {
			return errNoPassword{err}
		}
	}
	if u.privacy != gosnmp.NoPriv {
		g.MsgFlags = gosnmp.AuthPriv
		if as.PrivacyPassphrase, err = u.priv.Reveal(); err != nil {
			return errNoPassword{err}
		}
	}
	g.SecurityModel, g.SecurityParameters = gosnmp.UserSecurityModel, as
	return nil
}

func (a *agent) close() {
	a.unbind()
	a.snmp.Close()
}

// lacking is an object that the agent has not.
type lacking struct{ object }

func (e lacking) Error() string {
	return "the agent has no " + e.name + " (" + strings.TrimPrefix(e.oid, ".") + "), or does not show it to this user"
}

// refusal is an error that the agent answers with.
type refusal struct{ code gosnmp.SNMPError }

func (e refusal) Error() string {
	text := "the agent answers with the error " + e.code.String()
	switch e.code {
	case gosnmp.TooBig:
		text += ": its answer would be too long; ask for less in one check"
	case gosnmp.AuthorizationError:
		text += ": it does not show that to this user or community (password and privacy_password may be wanted)"
	}
	return text
}

var errCircles = errors.New("a table of the agent goes round in circles")

var errRows = errors.New("the columns of walk have more than 2,000 rows, and no more is read; name a column with fewer")

// ask reads all objects.
func (p *prober) ask(a *agent) (answer, error) {
	got := answer{get: map[string]any{}, walk: map[string]map[string]any{}}
	if len(p.get) > 0 {
		if err := p.getAll(a, got.get); err != nil {
			return got, err
		}
	}
	for _, column := range p.walk {
		rows := map[string]any{}
		got.walk[column.name] = rows
		err := p.walkOne(a, column, func(v gosnmp.SnmpPDU) error {
			if got.rows++; got.rows > rowsMax {
				return errRows
			}
			value, ok := valueOf(v)
			switch {
			case ok:
				rows[strings.TrimPrefix(strings.TrimPrefix(v.Name, column.oid), ".")] = value
			case !isNone(v.Type):
				return unreadable(column)
			}
			return nil
		})
		if err != nil {
			return got, err
		}
		if len(rows) == 0 {
			return got, lacking{column}
		}
	}
	return got, nil
}

func unreadable(o object) error {
	return probe.Malformed("its value of " + o.name + " is of no type that SNMP has, or is not whole")
}

// getAll reads the objects of get, in one message.
func (p *prober) getAll(a *agent, into map[string]any) error {
	oids := make([]string, len(p.get))
	for i, one := range p.get {
		oids[i] = one.oid
	}
	packet, err := answered(a.snmp.Get(oids))
	switch {
	case err != nil:
		return err
	case packet.Error == gosnmp.NoSuchName && packet.ErrorIndex >= 1 && int(packet.ErrorIndex) <= len(p.get):
		return lacking{p.get[packet.ErrorIndex-1]} // so version 1 says it
	case packet.Error != gosnmp.NoError:
		return refusal{packet.Error}
	case len(packet.Variables) != len(p.get):
		return probe.Malformed("it has not as many values as were asked for")
	}
	for i, one := range p.get {
		v := packet.Variables[i]
		if v.Name != one.oid {
			return probe.Malformed("it has another object than was asked for")
		}
		value, ok := valueOf(v)
		switch {
		case !ok && isNone(v.Type):
			return lacking{one}
		case !ok:
			return unreadable(one)
		}
		into[one.name] = value
	}
	return nil
}

// reports are what agents count and report in place of an answer, by the end of
// the counter's number in BER, and what they mean. They come unsigned, so that
// the library drops them where the user signs; as a reason they will do.
var reports = []struct {
	number string
	words  string
}{
	{"\x06\x03\x0f\x01\x01\x01", "the agent does not let this user in so: its password, or privacy, is missing or too much"},
	{"\x06\x03\x0f\x01\x01\x02", "the agent's clock does not agree with what it said before"},
	{"\x06\x03\x0f\x01\x01\x03", "the agent knows no such user"},
	{"\x06\x03\x0f\x01\x01\x04", "the agent does not go by the number (engine) that it gave itself"},
	{"\x06\x03\x0f\x01\x01\x05", "the agent refuses the password, or the way of auth"},
	{"\x06\x03\x0f\x01\x01\x06", "the agent cannot decrypt: it has another privacy_password, or another way of privacy"},
	{"\x06\x03\x0b\x02\x01\x01", "the agent does not know users"},
	{"\x06\x03\x0b\x02\x01\x02", "the agent calls the question malformed"},
	{"\x06\x03\x0b\x02\x01\x03", "the agent has nobody who answers it"},
	{"\x06\x03\x0c\x01\x04", "the agent's context is not there at the moment"},
	{"\x06\x03\x0c\x01\x05", "the agent has no such context"},
}

// reportIn returns what a message of version 3 reports, in words; empty for
// nothing.
func reportIn(message []byte) string {
	for _, r := range reports {
		if bytes.Contains(message, []byte("\x2b\x06\x01"+r.number)) { // 1.3.6.1, of a name's beginning
			return r.words
		}
	}
	return ""
}

func (p *prober) failed(ctx context.Context, tr *probe.Trail, a *agent, err error, took time.Duration) checks.Result {
	if none, ok := errors.AsType[errNoPassword](err); ok {
		return probe.NoPassword(none.error)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		tr.Stage = probe.Connecting // over UDP the refusal comes when the answer is read
	}
	silent := errors.Is(err, gosnmp.ErrMaxRetriesExceeded) || os.IsTimeout(errors.Unwrap(err))
	if silent {
		err = os.ErrDeadlineExceeded
	}
	r := tr.Failed(ctx, err)
	r.Duration = took
	missing, isMissing := errors.AsType[lacking](err)
	refused, isRefused := errors.AsType[refusal](err)
	switch {
	case r.Reason == checks.ReasonTimeout && tr.Stage == probe.Waiting:
		switch {
		case a == nil || a.first == 0:
			r.Summary += p.hint()
		case p.version == gosnmp.Version3 && (p.user.privacy != gosnmp.NoPriv || p.context != ""):
			r.Summary += "; it has told who it is, and may be silent to another privacy_password, way of privacy or context"
		}
	case r.Reason == checks.ReasonTimeout || r.Reason == checks.ReasonInternal:
	case errors.Is(err, errRows):
		return probe.Internal(err.Error())
	case isMissing:
		r.Reason, r.Summary = checks.ReasonAssertion, missing.Error()
	case isRefused:
		r.Reason, r.Summary = checks.ReasonStatus, refused.Error()
	case errors.Is(err, errCircles):
		r.Reason, r.Summary = checks.ReasonProtocol, errCircles.Error()
	default:
		if words := a.reported(); words != "" {
			r.Reason, r.Summary = checks.ReasonStatus, words
		}
	}
	return r
}

// hint says what else silence from the beginning may mean: an agent does not answer
// to a wrong community.
func (p *prober) hint() string {
	if p.version == gosnmp.Version3 {
		return "; an agent is silent to a version that it does not speak"
	}
	return "; an agent is silent to a community that it does not know, or to another version"
}
