package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// token is what the company's checks sign in with. It opens nothing but the
// pretended sessions of this company.
const token = "demo-client"

// errDenied says that a token is not known, as opposed to not verified.
var errDenied = errors.New("the token is not known")

// authService answers "GET /verify" with 200 for a token whose session is in
// the database, 401 for another one, and 503 when the database did not say.
func authService(db string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /verify", func(w http.ResponseWriter, r *http.Request) {
		bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if bearer == "" || strings.ContainsAny(bearer, " \r\n") {
			http.Error(w, errDenied.Error(), http.StatusUnauthorized)
			return
		}
		session, err := ask(r.Context(), db, "GET session:"+bearer)
		switch {
		case err != nil:
			http.Error(w, "sessions cannot be read", http.StatusServiceUnavailable)
		case session == "NONE":
			http.Error(w, errDenied.Error(), http.StatusUnauthorized)
		default:
			_, _ = io.WriteString(w, strings.TrimPrefix(session, "VALUE ")) // a client that went is no error
		}
	})
	return mux
}

// authClient verifies tokens for the backends.
type authClient struct {
	addr   string // of auth
	client *http.Client
}

func newAuthClient(addr string) *authClient {
	return &authClient{addr: addr, client: &http.Client{
		// A kept connection would be tried again behind our back after a
		// reset, and the fault would not reach the products.
		Transport: &http.Transport{DisableKeepAlives: true},
	}}
}

// verify returns the user of a token; errDenied if auth does not know it.
func (a *authClient) verify(ctx context.Context, bearer string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.addr+"/verify", nil)
	if err != nil {
		return "", err // unreachable: the address is a listener's
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := a.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	user, err := io.ReadAll(io.LimitReader(resp.Body, maxLine))
	switch {
	case err != nil:
		return "", err
	case resp.StatusCode == http.StatusUnauthorized:
		return "", errDenied
	case resp.StatusCode != http.StatusOK:
		return "", fmt.Errorf("auth answered %d", resp.StatusCode)
	}
	return string(user), nil
}
