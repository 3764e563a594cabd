package sandbox

import (
	"cmp"
	"embed"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

//go:embed page/*.html page/*.js page/*.css page/*.svg
var pages embed.FS

// routes is the table of contents of the server.
func (w *Workspace) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", w.serveAPI)
	mux.HandleFunc("GET /link", w.hub.serveLink)
	mux.HandleFunc("POST /response/{team}/{key}", w.serveHook)
	mux.HandleFunc("POST /upload/{file}/{key}", w.serveUpload)
	mux.HandleFunc("GET /files/{file}", w.serveFile)

	mux.HandleFunc("POST /sandbox/command", acts(w.controlCommand))
	mux.HandleFunc("POST /sandbox/action", acts(w.controlAction))
	mux.HandleFunc("POST /sandbox/suggest", acts(w.controlSuggest))
	mux.HandleFunc("POST /sandbox/shortcut", acts(w.controlShortcut))
	mux.HandleFunc("POST /sandbox/faults", acts(w.controlFault))
	mux.HandleFunc("POST /sandbox/channel", acts(w.controlChannel))
	mux.HandleFunc("POST /sandbox/reaction", acts(w.controlReaction))
	mux.HandleFunc("POST /sandbox/submit", w.onView(func(r *http.Request, u User, in viewInput) (Answer, error) {
		return w.submit(r.Context(), base(r), u, in.View, in.Values)
	}))
	mux.HandleFunc("POST /sandbox/close", w.onView(func(r *http.Request, u User, in viewInput) (Answer, error) {
		return w.closeModal(r.Context(), u, in.View, in.All)
	}))
	mux.HandleFunc("POST /sandbox/home", w.onView(func(r *http.Request, u User, in viewInput) (Answer, error) {
		return w.openHome(r.Context(), u, cmp.Or(in.Tab, "home"))
	}))
	mux.HandleFunc("POST /sandbox/settings", acts(w.controlSettings))
	mux.HandleFunc("GET /sandbox/settings", w.controlSettingsNow)
	mux.HandleFunc("GET /sandbox/file", w.controlFile)
	mux.HandleFunc("POST /sandbox/http", acts(w.controlHTTP))
	mux.HandleFunc("GET /sandbox/messages", w.controlMessages)
	mux.HandleFunc("GET /sandbox/log", w.controlLog)
	mux.HandleFunc("GET /sandbox/faults", w.controlFaultNow)
	mux.HandleFunc("GET /sandbox/workspace", w.controlWorkspace)
	mux.HandleFunc("GET /sandbox/views", w.controlViews)
	mux.HandleFunc("GET /sandbox/events", w.serveEvents)

	mux.HandleFunc("GET /{$}", page("index.html"))
	mux.HandleFunc("GET /static/{name}", func(rw http.ResponseWriter, r *http.Request) { page(r.PathValue("name"))(rw, r) })
	for pattern, h := range w.cfg.Mount {
		mux.Handle(pattern, h)
	}
	return w.guard(mux)
}

func page(name string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Cache-Control", "no-cache")
		data, err := pages.ReadFile("page/" + name)
		if err != nil {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		rw.Write(data)
	}
}

// policy lets the page load what this server serves, and nothing else: no
// script or style within the page's text, and no page around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guard refuses requests that a foreign web page made a browser send: a
// server on loopback answers to loopback names only, so that a name that an
// attacker points here (DNS rebinding) is of no use. A browser on another
// site's behalf may follow a link to the page, and do nothing else.
func (w *Workspace) guard(next http.Handler) http.Handler {
	onLoopback := loopback(w.ln.Addr().String())
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", policy)
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.Header().Set("Referrer-Policy", "no-referrer")
		if onLoopback && !loopback(r.Host) {
			http.Error(rw, "this server is on loopback: use 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if foreign(r) && (!reads || strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/link") {
			writeReply(rw, reply{http.StatusForbidden, 0, answer{"ok": false, "error": "requests from other sites are refused"}})
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// foreign says that a browser marked the request as another site's doing: by
// Sec-Fetch-Site, or, where it sends none, by the Origin of what it posts.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site != "same-origin" && site != "none"
	}
	return r.Method == http.MethodPost && !ownOrigin(r)
}

// ownOrigin says whether a request comes from a page of this server, or from
// no page. Slack's own clients name Slack as the origin of a WebSocket, which
// is no post.
func ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// loopback says whether "host" or "host:port" names this machine only.
func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// control guards the endpoints that act: JSON only, which a foreign page
// cannot send without asking first, and not from another origin.
func control(next http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		refuse := func(status int, why string) {
			writeReply(rw, reply{status, 0, answer{"ok": false, "error": why}})
		}
		if !ownOrigin(r) {
			refuse(http.StatusForbidden, "requests from other sites are refused")
			return
		}
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			refuse(http.StatusBadRequest, "send JSON, with Content-Type: application/json")
			return
		}
		next(rw, r)
	}
}
