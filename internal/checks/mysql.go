package checks

import (
	"context"
	"errors"
	"time"

	"cel.dev/cel-go/cel"
)

// MySQLOptions are the own part of a check of kind mysql.
type MySQLOptions struct {
	QueryOptions `mapstructure:",squash"`

	// Expressions of mysqlVocabulary.
	Expect     []string `mapstructure:"expect"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded
}

var mysqlKind = Kind{
	Name:    "mysql",
	Summary: "A MySQL or MariaDB server lets the user in and answers a query as expected.",
	Options: func() any { return &MySQLOptions{QueryOptions: defaultQuery()} },
	Build:   buildMySQL,
	Example: `{address: "db.example.com:3306", user: probe, password: "${PAY_PROBE_PASSWORD}", query: SHOW REPLICA STATUS, expect: "int(row.Seconds_Behind_Master) < 30"}`,
	Proven:  "MariaDB 10.11",
}

var mysqlVocabulary = newVocabulary(
	cel.Variable("rows", cel.IntType),
	cel.Variable("row", cel.MapType(cel.StringType, cel.DynType)),
	cel.Variable("value", cel.DynType),
	cel.Variable("latency", cel.DurationType),
)("latency", "row", "rows", "value")

type mysqlProbe struct {
	asking
	user     string
	database string
	claims   *claims
	timeout  time.Duration
}

func buildMySQL(c Check) (Probe, error) {
	o, err := optionsOf[MySQLOptions](c)
	if err != nil {
		return nil, err
	}
	p := &mysqlProbe{user: o.User, database: o.Database, timeout: c.Timeout}
	if p.asking, err = o.asking(c); err != nil {
		return nil, err
	}
	if p.claims, err = mysqlVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf); err != nil {
		return nil, err
	}
	return p.run, nil
}

func (p *mysqlProbe) run(ctx context.Context) Result {
	start := time.Now()
	tr := &trail{timeout: p.timeout}
	secret, err := p.password.reveal()
	if err != nil {
		return noPassword(err)
	}
	conn, err := tr.dial(ctx, p.target)
	if err != nil {
		return tr.failed(ctx, err)
	}
	defer conn.Close()
	defer bind(ctx, conn)()

	t := newMySQLTalk(conn, tr)
	got, err := p.converse(t, secret)
	took := time.Since(start)
	if _, refused := errors.AsType[*mysqlSaidNo](err); err == nil || refused {
		t.leave()
	}
	if err != nil {
		return p.failed(ctx, tr, err, secret, took)
	}
	output := hide(got.value, secret)
	if problem := p.rows.fault(got.rowset); problem != "" {
		return Result{
			Outcome: Fail, Reason: ReasonAssertion, Summary: hide(problem, secret), Phases: tr.phases, Duration: took,
			Evidence: &Evidence{Remote: tr.remote, Output: output},
		}
	}
	seen := factsSeen{"rows": got.rowset.rows, "row": got.first, "value": nil}
	if !got.null {
		seen["value"] = got.value
	}
	r := p.claims.concluded(ctx, p.limits, rowCount(got.rowset.rows), took, tr, seen, output)
	r.Duration = took
	r.Summary = hide(r.Summary, secret) // a row may hold the password
	return r
}

func (p *mysqlProbe) converse(t *mysqlTalk, secret string) (mysqlRows, error) {
	t.tr.stage = greeting
	g, err := t.greeted()
	if err != nil {
		return mysqlRows{}, err
	}
	if err := t.login(g, p.tls, p.user, secret, p.database); err != nil {
		return mysqlRows{}, err
	}
	// The probe ends before the query does, as it began before it.
	if err := t.limit(g, p.timeout); err != nil {
		return mysqlRows{}, err
	}
	return t.ask(p.query)
}

// failed makes the result of a probe that ended with an error.
func (p *mysqlProbe) failed(ctx context.Context, tr *trail, err error, secret string, took time.Duration) Result {
	r := tr.failed(ctx, err)
	r.Duration = took
	if r.Reason == ReasonTimeout || r.Reason == ReasonInternal {
		return r
	}
	no, refused := errors.AsType[*mysqlSaidNo](err)
	login, cannot := errors.AsType[*errMySQLLogin](err)
	switch {
	case refused:
		r.Reason, r.Summary = ReasonStatus, hide(clipRunes(no.text, summaryMax-10)+" ("+itoa(no.number)+")", secret)
		r.Evidence = &Evidence{Remote: tr.remote, Output: hide(no.output(), secret)}
	case cannot:
		r.Outcome, r.Reason, r.Summary = Unknown, ReasonInternal, login.Error()
	case errors.Is(err, errLongRow):
		r.Outcome, r.Reason, r.Summary = Unknown, ReasonInternal, errLongRow.Error()
	case errors.Is(err, errNoTLS):
		r.Reason, r.Summary = ReasonTLS, errNoTLS.Error()
	case errors.Is(err, errNotMySQL), errors.Is(err, errLongMySQLReply), errors.Is(err, errEarlyWords), errors.Is(err, errAsksForFile):
		r.Reason, r.Summary = ReasonProtocol, err.Error()
	}
	return r
}

// output is the error for a person who doubts the result.
func (e *mysqlSaidNo) output() string {
	if e.state == "" {
		return "ERROR " + itoa(e.number) + ": " + e.text
	}
	return "ERROR " + itoa(e.number) + " (" + e.state + "): " + e.text
}
