package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"go.uber.org/zap"
)

// services are the addresses of the components, as a backend knows them.
type services struct {
	db, relay string
	auth      *authClient
}

// route is one thing that an HTTP backend does for a client.
type route struct {
	path   string // below the product's prefix, "/invoices/1042"
	signed bool   // verifies the client's token with auth first
	query  string // a line for db-main, empty for none; its answer is shown as "data"
	mail   bool   // hands a mail to mail-relay before it answers
	shows  string // what the answer says as "text"
}

// reply is the answer of a route.
type reply struct {
	Status  string `json:"status"` // "ok"
	Product string `json:"product"`
	Text    string `json:"text"`
	User    string `json:"user,omitempty"`
	Data    string `json:"data,omitempty"`
}

// backend returns the HTTP server of a product.
func backend(product string, routes []route, s services, log *zap.Logger) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes {
		mux.HandleFunc("GET /"+product+rt.path, func(w http.ResponseWriter, r *http.Request) {
			answer, err := rt.run(r, product, s)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			switch {
			case errors.Is(err, errDenied):
				w.WriteHeader(http.StatusUnauthorized)
				answer.Status, answer.Text = "denied", "sign in first"
			case err != nil:
				if r.Context().Err() == nil {
					log.Debug("request failed", zap.String("product", product), zap.String("path", rt.path), zap.Error(err))
				}
				w.WriteHeader(http.StatusInternalServerError)
				answer.Status, answer.Text = "error", err.Error()
			}
			_ = json.NewEncoder(w).Encode(answer) // a client that went is no error
		})
	}
	return mux
}

// run does the work of the route. An error says which component did not do its part.
func (rt route) run(r *http.Request, product string, s services) (reply, error) {
	a := reply{Status: "ok", Product: product, Text: rt.shows}
	var err error
	if rt.signed {
		bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if a.User, err = s.auth.verify(r.Context(), bearer); err != nil {
			return a, fmt.Errorf("verify token: %w", err)
		}
	}
	if rt.query != "" {
		if a.Data, err = ask(r.Context(), s.db, rt.query); err != nil {
			return a, fmt.Errorf("ask db-main: %w", err)
		}
	}
	if rt.mail {
		if _, err = deliver(r.Context(), s.relay, product); err != nil {
			return a, fmt.Errorf("hand mail to mail-relay: %w", err)
		}
	}
	return a, nil
}

// mailbox is the TCP server of the product Mail, one line each way: "FETCH n"
// reads a mail from db-main, "LOGIN token" asks auth, "SEND id" uses
// mail-relay, and each answers "OK ..." or "ERR sentence".
func mailbox(s services) func(context.Context, *conn) {
	return func(ctx context.Context, c *conn) {
		serveLines(ctx, c, nil, func(ctx context.Context, line string) string {
			var text string
			var err error
			verb, arg, _ := strings.Cut(line, " ")
			switch verb {
			case "FETCH":
				if _, err = strconv.Atoi(arg); err == nil {
					text, err = ask(ctx, s.db, "GET mail:"+arg)
				}
			case "LOGIN":
				text, err = s.auth.verify(ctx, arg)
			case "SEND":
				text, err = deliver(ctx, s.relay, arg)
			default:
				err = errors.New("unknown command; use FETCH n, LOGIN token or SEND id")
			}
			if err != nil {
				return "ERR " + strings.ReplaceAll(err.Error(), "\n", " ")
			}
			return "OK " + text
		})
	}
}
