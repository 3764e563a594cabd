// Package postgres is the kind of check that logs in to PostgreSQL and asks a
// query.
package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind postgres.
//
// Each probe makes a connection of its own, logs in and sends one query. The
// PG... variables of the environment, ~/.pgpass and service files are not
// looked at.
type Options struct {
	probe.QueryOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "postgres",
	Summary: "A PostgreSQL server lets the user in and answers a query as expected.",
	Options: func() any { return &Options{QueryOptions: probe.DefaultQuery()} },
	Build:   build,
	Example: `{address: db.example.com:5432, user: probe, password: "${PAY_PROBE_PASSWORD}", query: SELECT 1}`,
	Proven:  "PostgreSQL 15",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"rows":    claim.Int,
	"row":     claim.Map(claim.String, claim.Any),
	"value":   claim.Any,
	"latency": claim.Duration,

	probe.CertificateFact: claim.Any,
})

// grace bounds what follows a probe's end: the goodbye, or the wish
// that the server give up a query whose answer nobody waits for.
const grace = 500 * time.Millisecond

type prober struct {
	probe.Asking
	config *pgconn.Config
	claims *claim.Set
	dialer probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{dialer: probe.NewDialer(c)}
	asked := *o
	asked.Address = socketIn(o.Address)
	if p.Asking, err = asked.Asking(c); err != nil {
		return nil, err
	}
	if p.config, err = config(o); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	return p.run, nil
}

// socketIn returns the path of the usual socket in a folder, which is how PostgreSQL's
// own tools have it; another address stays as it is.
func socketIn(address string) string {
	const name = ".s.PGSQL."
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(path.Base(address), name) || strings.TrimSpace(address) != address {
		return address
	}
	return path.Join(address, name+"5432")
}

// config is what the driver needs besides the connection. The driver
// fills its configuration from the environment; all of that is set again.
func config(o *Options) (*pgconn.Config, error) {
	parsed, err := pgconn.ParseConfig("host=postgres.invalid sslmode=disable user=statusbot")
	if err != nil {
		return nil, errors.New("a PG... variable of the environment cannot be read; unset it")
	}
	parsed.User, parsed.Database = o.User, o.Database
	parsed.Host, parsed.Port, parsed.Fallbacks = "postgres.invalid", 5432, nil // never dialled: DialFunc knows the target
	parsed.TLSConfig, parsed.ConnectTimeout = nil, 0
	parsed.RuntimeParams = map[string]string{"application_name": probe.UserAgent}
	parsed.ValidateConnect, parsed.AfterConnect = nil, nil
	parsed.RequireAuth, parsed.ChannelBinding = "", "prefer"
	parsed.MinProtocolVersion, parsed.MaxProtocolVersion = "3.0", "3.0"
	parsed.MaxProtocolMessageBodyLen = probe.ReadMax
	parsed.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return parsed, nil
}

var (
	errNotPostgres = errors.New("the peer does not speak PostgreSQL")
	// What the error says is not believed without TLS
	// (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL).
	errNoRoom = errors.New("the server answers the wish for TLS with an error: it can start no process for the connection, or knows no TLS")
)

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	secret, err := p.Password.Reveal()
	if err != nil {
		return probe.NoPassword(err)
	}
	var made net.Conn
	config := p.config.Copy()
	config.Password = secret
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		if made != nil { // the driver wants to cancel a query
			return p.dialToCancel(ctx, made.RemoteAddr())
		}
		conn, err := p.connect(ctx, tr, p.Target)
		if err == nil {
			made, tr.Stage = conn, probe.LoggingIn
		}
		return conn, err
	}
	pg, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return p.failed(ctx, tr, err, secret, time.Since(start))
	}
	defer p.hangUp(pg, made)

	got, err := p.ask(ctx, pg, tr)
	took := time.Since(start)
	if err != nil {
		return p.failed(ctx, tr, err, secret, took)
	}
	output := probe.Hide(got.Value, secret)
	if problem := p.Rows.Fault(got.Rowset); problem != "" {
		return checks.Result{
			Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: probe.Hide(problem, secret), Phases: tr.Phases, Duration: took,
			Evidence: &checks.Evidence{Remote: tr.Remote, Output: output},
		}
	}
	seen := claim.Facts{"rows": got.Rows, "row": got.first, "value": nil, probe.CertificateFact: tr.Certificate()}
	if !got.Null {
		seen["value"] = got.Value
	}
	r := p.claims.Concluded(ctx, p.Limits.Judge(probe.RowCount(got.Rows), took, tr), tr.Remote, seen, output)
	r.Duration = took
	r.Summary = probe.Hide(r.Summary, secret) // a row may hold the password
	return r
}

// connect makes a connection and negotiates TLS on it as the protocol wants:
// the client asks in plain text, the server answers with one byte
// (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL).
// Done here and not by the driver, so that phases and reasons are those of
// every other kind.
func (p *prober) connect(ctx context.Context, tr *probe.Trail, t probe.Target) (net.Conn, error) {
	conn, err := tr.Dial(ctx, t)
	if err != nil || p.Tls == nil {
		return conn, err
	}
	defer probe.Bind(ctx, conn)()
	secured, err := p.negotiate(conn, tr)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

func (p *prober) negotiate(conn net.Conn, tr *probe.Trail) (net.Conn, error) {
	tr.Stage = probe.Shaking
	start := time.Now()
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), 80877103)
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	var answer [1]byte
	_, err := io.ReadFull(conn, answer[:])
	tr.Phases.TLS += time.Since(start)
	switch {
	case err != nil:
		return nil, err
	case answer[0] == 'N':
		return nil, probe.ErrNoTLS
	case answer[0] == 'E':
		return nil, errNoRoom
	case answer[0] != 'S':
		return nil, errNotPostgres
	}
	return tr.Secure(conn, p.Tls)
}

// dialToCancel makes the connection on which the driver asks the server to
// give up a query. The probe is over by then, so it is no part of its trail.
func (p *prober) dialToCancel(ctx context.Context, address net.Addr) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	to := p.Target
	if !to.Local() { // of a name's addresses the one that has the query
		host, port, err := net.SplitHostPort(address.String())
		if err != nil {
			return nil, fmt.Errorf("cancel the query: %w", err)
		}
		to = probe.NewTarget(host, port)
	}
	conn, err := p.connect(ctx, new(p.dialer.Trail()), to)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(grace))
	}
	return conn, err
}

// hangUp ends the connection, and with it the server's work on the query.
func (p *prober) hangUp(pg *pgconn.PgConn, conn net.Conn) {
	late := time.AfterFunc(grace, func() { conn.Close() })
	defer late.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = pg.Close(ctx) // of no effect if the driver closes it already
	<-pg.CleanupDone()
}

// answer is what a query returned.
type answer struct {
	probe.Rowset
	first map[string]any // :: column -> text or nil, of the first row
}

// add counts a row, and keeps the first.
func (a *answer) add(columns []pgconn.FieldDescription, values [][]byte) {
	a.Rows++
	if a.Rows > 1 {
		return
	}
	for i, v := range values {
		if i >= len(columns) {
			return // unreachable unless the server counts wrongly
		}
		a.first[columns[i].Name] = nil
		if v != nil {
			a.first[columns[i].Name] = strings.ToValidUTF8(string(v), "\uFFFD")
		}
	}
	if len(values) > 0 && values[0] != nil {
		a.Value, a.Null = string(values[0]), false
	}
}

// ask sends the query and reads its answer to the end.
func (p *prober) ask(ctx context.Context, pg *pgconn.PgConn, tr *probe.Trail) (answer, error) {
	tr.Stage = probe.Waiting
	sent := time.Now()
	got := answer{Rowset: probe.Rowset{Null: true}, first: map[string]any{}}
	counted := false
	results := pg.Exec(ctx, p.Query)
	for results.NextResult() {
		if tr.Stage == probe.Waiting {
			tr.Phases.FirstByte = time.Since(sent)
			tr.Stage = probe.Reading
		}
		rows := results.ResultReader()
		counts := !counted && len(rows.FieldDescriptions()) > 0
		counted = counted || counts
		for rows.NextRow() {
			if counts {
				got.add(rows.FieldDescriptions(), rows.Values())
			}
		}
	}
	err := results.Close()
	if tr.Stage == probe.Reading {
		tr.Phases.Transfer = time.Since(sent) - tr.Phases.FirstByte
	}
	return got, err
}

// failed makes the result of a probe that ended with an error of the server's
// or the driver's.
func (p *prober) failed(ctx context.Context, tr *probe.Trail, err error, secret string, took time.Duration) checks.Result {
	r := tr.Failed(ctx, err)
	r.Duration = took
	if r.Reason == checks.ReasonTimeout || r.Reason == checks.ReasonInternal {
		return r
	}
	said, isServer := errors.AsType[*pgconn.PgError](err)
	tooLong, _ := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err)
	switch {
	case isServer:
		r.Reason = checks.ReasonStatus
		r.Summary = probe.Hide(probe.ClipRunes(said.Message, probe.SummaryMax-10)+" ("+said.Code+")", secret)
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Output: probe.Hide(output(said), secret)}
	case errors.Is(err, probe.ErrNoTLS):
		r.Reason, r.Summary = checks.ReasonTLS, probe.ErrNoTLS.Error()
	case errors.Is(err, errNoRoom):
		r.Reason, r.Summary = checks.ReasonStatus, errNoRoom.Error()
	case errors.Is(err, errNotPostgres):
		r.Reason, r.Summary = checks.ReasonProtocol, errNotPostgres.Error()
	case tooLong != nil && tr.Stage != probe.LoggingIn:
		r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
		r.Summary = probe.ErrLongRow.Error()
	case tr.Stage == probe.LoggingIn && r.Reason == checks.ReasonProtocol:
		r.Summary = "the peer does not speak PostgreSQL, or wants a login that this check cannot do"
	}
	return r
}

// output is what the server said, for a person who doubts the result.
func output(said *pgconn.PgError) string {
	text := said.Severity + ": " + said.Message
	if said.Detail != "" {
		text += "\nDETAIL: " + said.Detail
	}
	if said.Hint != "" {
		text += "\nHINT: " + said.Hint
	}
	return text
}
