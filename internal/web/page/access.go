package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Access says who may read what. The zero value lets everybody read all: for a
// server that only this machine reaches.
type Access struct {
	Token   string         // who has it reads all; empty: there is none
	Header  string         // in which a proxy says who asks
	Proxies []netip.Prefix // from where that header is believed
	Public  bool           // who may not read all reads what products allow; otherwise nothing
	URL     string         // as people reach the page; empty: not known
}

// Reader is what somebody may read.
type Reader int

const (
	Nobody Reader = iota // nothing
	Public               // what products allow
	Inside               // all
)

const (
	cookieName = "statusbot"
	cookieAge  = 30 * 24 * time.Hour
)

// Of says what who sent a request may read.
func (a Access) Of(r *http.Request, now time.Time) Reader {
	switch {
	case a.open() && a.ourHost(r.Host), a.holds(r, now), a.vouched(r):
		return Inside
	case a.Public && !a.mistaken(r):
		return Public
	}
	return Nobody
}

func (a Access) open() bool { return a.Token == "" && len(a.Proxies) == 0 && !a.Public }

// ourHost refuses a name that some site gave the address of this machine, so that its
// scripts could read the page in a browser here.
func (a Access) ourHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	u, err := url.Parse(a.URL)
	return name == "localhost" || net.ParseIP(strings.Trim(name, "[]")) != nil || err == nil && u.Hostname() != "" && strings.EqualFold(u.Hostname(), name)
}

// holds reports whether a request has the token, or the cookie that was given for it.
func (a Access) holds(r *http.Request, now time.Time) bool {
	if a.Token == "" {
		return false
	}
	if a.IsToken(bearer(r)) {
		return true
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	until, _, _ := strings.Cut(c.Value, ".")
	unix, err := strconv.ParseInt(until, 10, 64)
	return err == nil && now.Before(time.Unix(unix, 0)) && subtle.ConstantTimeCompare([]byte(c.Value), []byte(a.ticket(unix))) == 1
}

// IsToken compares in constant time.
func (a Access) IsToken(said string) bool {
	x, y := sha256.Sum256([]byte(said)), sha256.Sum256([]byte(a.Token))
	return a.Token != "" && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// mistaken reports whether a request shows a token that is not ours. A program that was then answered as everybody is
// would take that for all that there is. So is one without its scheme, or under Token. The password of Basic is no such
// sign: it may be meant for a proxy.
func (a Access) mistaken(r *http.Request) bool {
	said := strings.TrimSpace(r.Header.Get("Authorization"))
	scheme, _, two := strings.Cut(said, " ")
	shown := said != "" && !two || strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Token")
	return a.Token != "" && shown && !a.IsToken(bearer(r))
}

// ticket is the cookie's value: until when it is good, signed with the token, which
// is not in it. Another token makes all tickets bad.
func (a Access) ticket(until int64) string {
	text := strconv.FormatInt(until, 10)
	mac := hmac.New(sha256.New, []byte(a.Token))
	mac.Write([]byte("statusbot page until " + text))
	return text + "." + hex.EncodeToString(mac.Sum(nil))
}

// bearer is the token of a request: Authorization: Bearer, or the password of Basic.
func bearer(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// vouched reports whether a proxy of ours says who asks.
func (a Access) vouched(r *http.Request) bool {
	return a.Header != "" && a.fromProxy(r) && r.Header.Get(a.Header) != ""
}

func (a Access) fromProxy(r *http.Request) bool {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, p := range a.Proxies {
		if p.Contains(at.Addr().Unmap().WithZone("")) { // a network has no zone, and contains no address with one
			return true
		}
	}
	return false
}

// for_ lets those in who may read something.
func (p *Pages) for_(serve func(http.ResponseWriter, *http.Request, Reader)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who := p.access.Of(r, time.Now())
		w.Header().Set("Vary", "Cookie, Authorization")
		switch {
		case who == Nobody && p.access.Token != "":
			w.Header().Set("WWW-Authenticate", `Bearer realm="statusbot"`)
			p.form(w, http.StatusUnauthorized, "")
		case who == Nobody:
			p.say(w, http.StatusForbidden, "This page is not for everybody", "Ask for it through the address that your company gives it.")
		case p.ready(w):
			serve(w, r, who)
		}
	}
}

// signin shows the form.
func (p *Pages) signin(w http.ResponseWriter, _ *http.Request) {
	if p.access.Token == "" {
		p.say(w, http.StatusNotFound, "There is nothing to sign in with", "No token is set for this page.")
		return
	}
	p.form(w, http.StatusOK, "")
}

// formMost bounds what the form sends, in bytes.
const formMost = 4 << 10

// signedIn takes the token, and gives a cookie for it.
func (p *Pages) signedIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	if err := r.ParseForm(); err != nil || !p.access.IsToken(strings.TrimSpace(r.PostFormValue("token"))) {
		p.form(w, http.StatusUnauthorized, "That is not the token.")
		return
	}
	until := time.Now().Add(cookieAge)
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: p.access.ticket(until.Unix()), Path: "/", Expires: until,
		HttpOnly: true, Secure: r.TLS != nil || strings.HasPrefix(p.access.URL, "https://"), SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
