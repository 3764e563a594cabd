// Package mysql is the kind of check that logs in to MySQL or MariaDB and asks a
// query, by a client of its own that reads no more than it must.
package mysql

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind mysql.
type Options struct {
	probe.QueryOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "mysql",
	Summary: "A MySQL or MariaDB server lets the user in and answers a query as expected.",
	Options: func() any { return &Options{QueryOptions: probe.DefaultQuery()} },
	Build:   build,
	Example: `{address: "db.example.com:3306", user: probe, password: "${PAY_PROBE_PASSWORD}", query: SHOW REPLICA STATUS, expect: "int(row.Seconds_Behind_Master) < 30"}`,
	Proven:  "MariaDB 10.11",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"rows":    claim.Int,
	"row":     claim.Map(claim.String, claim.Any),
	"value":   claim.Any,
	"latency": claim.Duration,

	probe.CertificateFact: claim.Any,
})

type prober struct {
	probe.Asking
	user     string
	database string
	claims   *claim.Set
	dialer   probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{user: o.User, database: o.Database, dialer: probe.NewDialer(c)}
	if p.Asking, err = o.Asking(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	return p.run, nil
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	secret, err := p.Password.Reveal()
	if err != nil {
		return probe.NoPassword(err)
	}
	conn, err := tr.Dial(ctx, p.Target)
	if err != nil {
		return tr.Failed(ctx, err)
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()

	t := newTalk(conn, tr)
	t.secure = p.Target.Local() // nobody is in between
	got, err := p.converse(t, secret)
	took := time.Since(start)
	if _, refused := errors.AsType[*saidNo](err); err == nil || refused {
		t.leave()
	}
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
	seen := claim.Facts{"rows": got.Rowset.Rows, "row": got.first, "value": nil, probe.CertificateFact: tr.Certificate()}
	if !got.Null {
		seen["value"] = got.Value
	}
	r := p.claims.Concluded(ctx, p.Limits.Judge(probe.RowCount(got.Rowset.Rows), took, tr), tr.Remote, seen, output)
	r.Duration = took
	r.Summary = probe.Hide(r.Summary, secret) // a row may hold the password
	return r
}

func (p *prober) converse(t *talk, secret string) (rows, error) {
	t.tr.Stage = probe.Greeting
	g, err := t.greeted()
	if err != nil {
		return rows{}, err
	}
	if err := t.login(g, p.Tls, p.user, secret, p.database); err != nil {
		return rows{}, err
	}
	// The probe ends before the query does, as it began before it.
	limited, err := t.limit(g, p.dialer.Timeout)
	if err != nil {
		return rows{}, err
	}
	got, err := t.ask(p.Query)
	if limited {
		err = t.ours(err)
	}
	return got, err
}

// failed makes the result of a probe that ended with an error.
func (p *prober) failed(ctx context.Context, tr *probe.Trail, err error, secret string, took time.Duration) checks.Result {
	r := tr.Failed(ctx, err)
	r.Duration = took
	if r.Reason == checks.ReasonTimeout || r.Reason == checks.ReasonInternal {
		return r
	}
	no, refused := errors.AsType[*saidNo](err)
	login, cannot := errors.AsType[*errLogin](err)
	switch {
	case refused:
		r.Reason, r.Summary = checks.ReasonStatus, probe.Hide(probe.ClipRunes(no.text, probe.SummaryMax-10)+" ("+strconv.Itoa(no.number)+")", secret)
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Output: probe.Hide(no.output(), secret)}
	case cannot:
		r.Outcome, r.Reason, r.Summary = checks.Unknown, checks.ReasonInternal, login.Error()
	case errors.Is(err, probe.ErrLongRow):
		r.Outcome, r.Reason, r.Summary = checks.Unknown, checks.ReasonInternal, probe.ErrLongRow.Error()
	case errors.Is(err, probe.ErrNoTLS):
		r.Reason, r.Summary = checks.ReasonTLS, probe.ErrNoTLS.Error()
	case errors.Is(err, errNotMySQL), errors.Is(err, errLongMySQLReply), errors.Is(err, probe.ErrEarlyWords), errors.Is(err, errAsksForFile):
		r.Reason, r.Summary = checks.ReasonProtocol, err.Error()
	}
	return r
}

// output is the error for a person who doubts the result.
func (e *saidNo) output() string {
	if e.state == "" {
		return "ERROR " + strconv.Itoa(e.number) + ": " + e.text
	}
	return "ERROR " + strconv.Itoa(e.number) + " (" + e.state + "): " + e.text
}
