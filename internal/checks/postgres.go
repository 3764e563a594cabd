package checks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// PostgresOptions are the own part of a check of kind postgres.
//
// Each probe makes a connection of its own, logs in and sends one query. The
// PG... variables of the environment, ~/.pgpass and service files are not
// looked at.
type PostgresOptions struct {
	QueryOptions `mapstructure:",squash"`
}

var postgresKind = Kind{
	Name:    "postgres",
	Summary: "A PostgreSQL server lets the user in and answers a query as expected.",
	Options: func() any { return &PostgresOptions{defaultQuery()} },
	Build:   buildPostgres,
	Example: `{address: db.example.com:5432, user: probe, password: "${PAY_PROBE_PASSWORD}", query: SELECT 1}`,
	Proven:  "PostgreSQL 15",
}

// postgresGrace bounds what follows a probe's end: the goodbye, or the wish
// that the server give up a query whose answer nobody waits for.
const postgresGrace = 500 * time.Millisecond

type postgresProbe struct {
	asking
	config  *pgconn.Config
	timeout time.Duration
}

func buildPostgres(c Check) (Probe, error) {
	o, err := optionsOf[PostgresOptions](c)
	if err != nil {
		return nil, err
	}
	p := &postgresProbe{timeout: c.Timeout}
	if p.asking, err = o.asking(c); err != nil {
		return nil, err
	}
	if p.config, err = postgresConfig(o); err != nil {
		return nil, err
	}
	return p.run, nil
}

// postgresConfig is what the driver needs besides the connection. The driver
// fills its configuration from the environment; all of that is set again.
func postgresConfig(o *PostgresOptions) (*pgconn.Config, error) {
	parsed, err := pgconn.ParseConfig("host=postgres.invalid sslmode=disable user=statusbot")
	if err != nil {
		return nil, errors.New("a PG... variable of the environment cannot be read; unset it")
	}
	parsed.User, parsed.Database = o.User, o.Database
	parsed.Host, parsed.Port, parsed.Fallbacks = "postgres.invalid", 5432, nil // never dialled: DialFunc knows the target
	parsed.TLSConfig, parsed.ConnectTimeout = nil, 0
	parsed.RuntimeParams = map[string]string{"application_name": userAgent}
	parsed.ValidateConnect, parsed.AfterConnect = nil, nil
	parsed.RequireAuth, parsed.ChannelBinding = "", "prefer"
	parsed.MinProtocolVersion, parsed.MaxProtocolVersion = "3.0", "3.0"
	parsed.MaxProtocolMessageBodyLen = readMax
	parsed.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return parsed, nil
}

var errNotPostgres = errors.New("the peer does not speak PostgreSQL")

func (p *postgresProbe) run(ctx context.Context) Result {
	start := time.Now()
	tr := &trail{timeout: p.timeout}
	secret, err := p.password.reveal()
	if err != nil {
		return noPassword(err)
	}
	var made net.Conn
	config := p.config.Copy()
	config.Password = secret
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		if made != nil { // the driver wants to cancel a query
			return p.dialToCancel(ctx, made.RemoteAddr().String())
		}
		conn, err := p.connect(ctx, tr, p.target)
		if err == nil {
			made, tr.stage = conn, loggingIn
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
	if problem := p.rows.fault(got); problem != "" {
		return Result{
			Outcome: Fail, Reason: ReasonAssertion, Summary: hide(problem, secret), Phases: tr.phases, Duration: took,
			Evidence: &Evidence{Remote: tr.remote, Output: hide(got.value, secret)},
		}
	}
	return p.limits.judge(rowCount(got.rows), took, tr)
}

// connect makes a connection and negotiates TLS on it as the protocol wants:
// the client asks in plain text, the server answers with one byte
// (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL).
// Done here and not by the driver, so that phases and reasons are those of
// every other kind.
func (p *postgresProbe) connect(ctx context.Context, tr *trail, t target) (net.Conn, error) {
	conn, err := tr.dial(ctx, t)
	if err != nil || p.tls == nil {
		return conn, err
	}
	defer bind(ctx, conn)()
	secured, err := p.negotiate(conn, tr)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

func (p *postgresProbe) negotiate(conn net.Conn, tr *trail) (net.Conn, error) {
	tr.stage = shaking
	start := time.Now()
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), 80877103)
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	var answer [1]byte
	_, err := io.ReadFull(conn, answer[:])
	tr.phases.TLS += time.Since(start)
	switch {
	case err != nil:
		return nil, err
	case answer[0] == 'N':
		return nil, errNoTLS
	case answer[0] != 'S':
		return nil, errNotPostgres
	}
	return tr.secure(conn, p.tls)
}

// dialToCancel makes the connection on which the driver asks the server to
// give up a query. The probe is over by then, so it is no part of its trail.
func (p *postgresProbe) dialToCancel(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, postgresGrace)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("cancel the query: %w", err)
	}
	conn, err := p.connect(ctx, &trail{}, newTarget(host, port))
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(postgresGrace))
	}
	return conn, err
}

// hangUp ends the connection, and with it the server's work on the query.
func (p *postgresProbe) hangUp(pg *pgconn.PgConn, conn net.Conn) {
	late := time.AfterFunc(postgresGrace, func() { conn.Close() })
	defer late.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), postgresGrace)
	defer cancel()
	_ = pg.Close(ctx) // of no effect if the driver closes it already
	<-pg.CleanupDone()
}

// ask sends the query and reads its answer to the end.
func (p *postgresProbe) ask(ctx context.Context, pg *pgconn.PgConn, tr *trail) (rowset, error) {
	tr.stage = waiting
	sent := time.Now()
	got := rowset{null: true}
	counted := false
	results := pg.Exec(ctx, p.query)
	for results.NextResult() {
		if tr.stage == waiting {
			tr.phases.FirstByte = time.Since(sent)
			tr.stage = reading
		}
		rows := results.ResultReader()
		counts := !counted && len(rows.FieldDescriptions()) > 0
		counted = counted || counts
		for rows.NextRow() {
			if !counts {
				continue
			}
			if values := rows.Values(); got.rows == 0 && len(values) > 0 && values[0] != nil {
				got.value, got.null = string(values[0]), false
			}
			got.rows++
		}
	}
	err := results.Close()
	if tr.stage == reading {
		tr.phases.Transfer = time.Since(sent) - tr.phases.FirstByte
	}
	return got, err
}

// failed makes the result of a probe that ended with an error of the server's
// or the driver's.
func (p *postgresProbe) failed(ctx context.Context, tr *trail, err error, secret string, took time.Duration) Result {
	r := tr.failed(ctx, err)
	r.Duration = took
	if r.Reason == ReasonTimeout || r.Reason == ReasonInternal {
		return r
	}
	said, isServer := errors.AsType[*pgconn.PgError](err)
	tooLong, _ := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err)
	switch {
	case isServer:
		r.Reason = ReasonStatus
		r.Summary = hide(clipRunes(said.Message, summaryMax-10)+" ("+said.Code+")", secret)
		r.Evidence = &Evidence{Remote: tr.remote, Output: hide(postgresOutput(said), secret)}
	case errors.Is(err, errNoTLS):
		r.Reason, r.Summary = ReasonTLS, errNoTLS.Error()
	case errors.Is(err, errNotPostgres):
		r.Reason, r.Summary = ReasonProtocol, errNotPostgres.Error()
	case tooLong != nil && tr.stage != loggingIn:
		r.Outcome, r.Reason = Unknown, ReasonInternal
		r.Summary = errLongRow.Error()
	case tr.stage == loggingIn && r.Reason == ReasonProtocol:
		r.Summary = "the peer does not speak PostgreSQL, or wants a login that this check cannot do"
	}
	return r
}

// postgresOutput is what the server said, for a person who doubts the result.
func postgresOutput(said *pgconn.PgError) string {
	text := said.Severity + ": " + said.Message
	if said.Detail != "" {
		text += "\nDETAIL: " + said.Detail
	}
	if said.Hint != "" {
		text += "\nHINT: " + said.Hint
	}
	return text
}
