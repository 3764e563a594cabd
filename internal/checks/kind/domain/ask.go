package domain

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

const (
	answerMax    = 1 << 20          // bytes; the whole of IANA's list has some 60 KiB
	redirectsMax = 5                // RFC 7480, 5.2: clients follow them, and do not follow for ever
	listFor      = 24 * time.Hour   // a list is kept
	pauseFor     = time.Hour        // after "too many requests" without a time
	pauseMax     = 24 * time.Hour   // whatever the registry says
	pauseMin     = 10 * time.Second // the same
)

// Why the registry's answer is not known.
var (
	errNoServer  = errors.New("no RDAP server is known for this domain; write the registry's into server")
	errRedirects = errors.New("the registry redirects too often, or to where it should not")
	errTooLong   = errors.New("the answer has more than 1 MiB")
)

// errPaused is a registry that was asked too often.
type errPaused struct{ until time.Time }

func (e errPaused) Error() string {
	return "the registry answers no more questions for now; it is asked again after " + e.until.UTC().Format("15:04 MST")
}

// errStatus is an answer that is neither the domain nor that there is none.
type errStatus int

func (e errStatus) Error() string { return "it answers " + probe.StatusText(int(e)) }

// ask asks the registry.
func (p *prober) ask(ctx context.Context, tr *probe.Trail, now time.Time) (registration, error) {
	if now.Before(p.pause) {
		return registration{}, errPaused{p.pause}
	}
	server := p.server
	if server == nil {
		list, err := lists.of(ctx, p.bootstrap.String(), now, func() ([]byte, error) { return p.fetch(ctx, tr, p.bootstrap, now) })
		if err != nil {
			return registration{}, err
		}
		text, err := serverFor(list, p.name)
		switch {
		case err != nil:
			return registration{}, err
		case text == "":
			return registration{}, errNoServer
		}
		if server, err = probe.ParseURL(text); err != nil {
			return registration{}, errNoServer
		}
	}
	at := *server
	at.Path = strings.TrimSuffix(at.Path, "/") + "/domain/" + p.name
	at.RawPath = ""
	body, err := p.fetch(ctx, tr, &at, now)
	if code, ok := errors.AsType[errStatus](err); ok && code == http.StatusNotFound {
		return registration{missing: true}, nil
	}
	if err != nil {
		return registration{}, err
	}
	return readDomain(body, p.name)
}

// unanswered is the result of a registry that tells nothing: of the domain
// nothing was learnt.
func (p *prober) unanswered(ctx context.Context, tr *probe.Trail, err error, took checks.Result) checks.Result {
	r := tr.Failed(ctx, err)
	paused, isPaused := errors.AsType[errPaused](err)
	code, isStatus := errors.AsType[errStatus](err)
	switch {
	case r.Outcome == checks.Unknown, r.Reason == checks.ReasonTimeout:
	case isPaused:
		r.Reason, r.Summary = checks.ReasonStatus, paused.Error()
	case isStatus:
		r.Reason, r.Summary = checks.ReasonStatus, code.Error()
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Status: int(code)}
	case errors.Is(err, errNoServer), errors.Is(err, errRedirects), errors.Is(err, errTooLong):
		r.Reason, r.Summary = checks.ReasonInternal, err.Error()
	}
	if !isPaused && !errors.Is(err, errNoServer) {
		r.Summary = "the registry could not be asked: " + r.Summary
	}
	r.Outcome, r.Phases, r.Duration = checks.Unknown, took.Phases, took.Duration
	return r
}

// fetch gets a document, over redirects.
func (p *prober) fetch(ctx context.Context, tr *probe.Trail, at *url.URL, now time.Time) ([]byte, error) {
	for range redirectsMax + 1 {
		got, err := p.get(ctx, tr, at)
		after, location := got.header.Get("Retry-After"), got.header.Get("Location")
		switch {
		case err != nil:
			return nil, err
		case got.code == http.StatusOK:
			return got.body, nil
		case got.code == http.StatusTooManyRequests, got.code == http.StatusServiceUnavailable && after != "":
			p.pause = now.Add(pauseOf(after, now))
			return nil, errPaused{p.pause}
		case got.code/100 != 3 || location == "":
			return nil, errStatus(got.code)
		}
		to, err := at.Parse(location)
		if err != nil {
			return nil, errRedirects
		}
		if to, err = probe.ParseURL(to.String()); err != nil || at.Scheme == "https" && to.Scheme != "https" {
			return nil, errRedirects
		}
		at = to
	}
	return nil, errRedirects
}

// pauseOf reads Retry-After: seconds, or a time (RFC 9110, 10.2.3).
func pauseOf(text string, now time.Time) time.Duration {
	if text == "" {
		return pauseFor
	}
	pause := pauseFor
	if n, err := strconv.Atoi(text); err == nil {
		pause = time.Duration(min(n, int(pauseMax/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		pause = at.Sub(now)
	}
	return max(pauseMin, min(pause, pauseMax))
}

// document is what is read of an answer.
type document struct {
	code   int
	header http.Header
	body   []byte
}

// get makes one request on a connection of its own.
func (p *prober) get(ctx context.Context, tr *probe.Trail, at *url.URL) (got document, err error) {
	port, cfg := at.Port(), (*tls.Config)(nil)
	if at.Scheme == "https" {
		cfg = &tls.Config{ServerName: probe.ServerName(at.Host), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	switch {
	case port != "":
	case cfg != nil:
		port = "443"
	default:
		port = "80"
	}
	conn, err := tr.Connect(ctx, probe.NewTarget(at.Hostname(), port), cfg)
	if err != nil {
		return got, err
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()
	to := *at
	to.Host = probe.ASCIIName(at.Host)
	probe.SafeQuery(&to)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), http.NoBody)
	if err != nil {
		return got, errRedirects
	}
	req.Close = true
	req.Header.Set("Accept", "application/rdap+json, application/json")
	req.Header.Set("User-Agent", probe.UserAgent)
	if u := at.User; u != nil {
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	tr.Stage = probe.Sending
	if err := req.Write(conn); err != nil {
		return got, err
	}
	tr.Stage = probe.Waiting
	waited := time.Now()
	bounded := &io.LimitedReader{R: conn, N: answerMax + 64<<10}
	resp, err := probe.ReadResponse(bufio.NewReader(bounded), req)
	tr.Phases.FirstByte += time.Since(waited)
	if err != nil {
		return got, err
	}
	defer resp.Body.Close()
	tr.Stage = probe.Reading
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	switch {
	case err != nil && bounded.N <= 0, len(body) > answerMax:
		return got, errTooLong
	case err != nil:
		return got, err
	}
	return document{resp.StatusCode, resp.Header, body}, nil
}

// listsMax is how many lists are kept: more than the one of IANA has who asks a
// mirror.
const listsMax = 8

// lists are the lists of servers that were fetched, for all checks: IANA is asked
// once a day, not once for each domain.
var lists = kept{byURL: map[string]*list{}}

type kept struct {
	mu    sync.Mutex
	byURL map[string]*list // :: URL -> list
}

type list struct {
	turn    chan struct{} // full while one asks; the others wait for what it gets
	fetched time.Time
	body    []byte
}

// of returns the list at a URL, and fetches it if there is none of today. A list
// that cannot be had anew stays good.
func (k *kept) of(ctx context.Context, at string, now time.Time, fetch func() ([]byte, error)) ([]byte, error) {
	k.mu.Lock()
	l := k.byURL[at]
	if l == nil {
		if len(k.byURL) >= listsMax {
			clear(k.byURL)
		}
		l = &list{turn: make(chan struct{}, 1)}
		k.byURL[at] = l
	}
	k.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.body != nil && now.Sub(l.fetched) < listFor {
		return l.body, nil
	}
	body, err := fetch()
	if err == nil {
		_, err = serverFor(body, "")
	}
	switch {
	case err == nil:
		l.body, l.fetched = body, now
	case l.body == nil:
		return nil, err
	}
	return l.body, nil
}
