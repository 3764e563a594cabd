package api

import (
	"bytes"
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"go.uber.org/zap"
)

var update = flag.Bool("update", false, "write the table in docs/api.md anew")

// described is the document as a client reads it. In it nothing may stand that it does
// not name: a client takes more, and this test does not.
func described(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(document())
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	no := false
	for _, s := range doc.Components.Schemas {
		s.Value.AdditionalProperties.Has = &no
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

// TestAnswersAreAsDescribed asks every path, in good and in bad cases, and holds what
// comes against the document.
func TestAnswersAreAsDescribed(t *testing.T) {
	a := newAcme(t)
	a.opened()
	doc, router := described(t)
	openapi3filter.RegisterBodyDecoder(linesMIME, openapi3filter.PlainBodyDecoder)
	reader := Inside
	mux := http.NewServeMux()
	a.api().Routes(mux, func(*http.Request) Reader { return reader })
	starting := http.NewServeMux()
	New(newAcme(t).source(), zap.NewNop()).Routes(starting, func(*http.Request) Reader { return Inside })
	asked := map[string]map[int]bool{} // :: path of the document -> statuses that came
	hold := func(h http.Handler, path string, change ...func(*http.Request)) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range change {
			c(r)
		}
		w := ask(h, path, change...)
		r.Method = http.MethodGet // where the refusal of others is described
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if asked[route.Path] == nil {
			asked[route.Path] = map[int]bool{}
		}
		asked[route.Path][w.Code] = true
		options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
		in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil && w.Code == http.StatusOK {
			t.Errorf("%s is answered, and not described so: %v", path, err)
		}
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: w.Code, Header: w.Header(), Options: options}
		if err := openapi3filter.ValidateResponse(t.Context(), out.SetBodyBytes(w.Body.Bytes())); err != nil {
			t.Errorf("%s: %d is not as described: %v\n%.2000s", path, w.Code, err, w.Body)
		}
	}
	ids := map[string]string{"products/{id}": "shop", "checks/{id}": "shop%2Fpay"}
	for _, o := range operations {
		id := ids[o.path]
		if id == "" {
			id = "inc-1"
		}
		path := Prefix + strings.ReplaceAll(o.path, "{id}", id)
		bad := Prefix + strings.ReplaceAll(o.path, "{id}", "nothing")
		if o.takes("check") {
			path, bad = path+"?check=shop/pay", path+"?check=nothing"
		} else if o.takes("product") {
			bad += "?product=nothing"
			path += "?product=shop"
		}
		reader = Inside
		hold(mux, path)
		tag := ask(mux, path).Header().Get("ETag")
		hold(mux, path, func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
		hold(mux, bad)
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			hold(mux, path, func(r *http.Request) { r.Method = method })
		}
		hold(mux, Prefix+strings.ReplaceAll(o.path, "{id}", id)+"?limit=x&no=1")
		hold(starting, path)
		for _, reader = range []Reader{Public, Nobody} {
			hold(mux, path)
		}
	}
	for path, item := range doc.Paths.Map() {
		if item.Get == nil {
			continue // it is written to, and internal/web/hooks answers
		}
		for code := range item.Get.Responses.Map() {
			if !asked[path][statusOf(code)] {
				t.Errorf("%s: %s is described, and never came", path, code)
			}
		}
	}
}

func statusOf(code string) (n int) {
	for _, c := range code {
		n = 10*n + int(c-'0')
	}
	return n
}

// TestDocumentIsServed: to everybody, since it says nothing of the company.
func TestDocumentIsServed(t *testing.T) {
	a := newAcme(t)
	mux := http.NewServeMux()
	a.api().Routes(mux, func(*http.Request) Reader { return Nobody })
	if w := ask(mux, "/api/v1/openapi.json"); w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), document()) {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
}

// TestTableOfTheDocs: the page's table is made of the operations.
func TestTableOfTheDocs(t *testing.T) {
	page := filepath.Join("..", "..", "..", "docs", "api.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begins, ends = "<!-- paths, made of the code -->\n", "<!-- end of paths -->\n"
	before, rest, ok := strings.Cut(string(text), begins)
	_, after, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		t.Fatal("docs/api.md lacks the comments around the table")
	}
	var b strings.Builder
	b.WriteString("| path below `/api/v1/` | parameters | what it says |\n|---|---|---|\n")
	for _, o := range operations {
		var names []string
		for _, p := range o.params {
			names = append(names, "`"+p.name+"`")
		}
		says := o.summary
		if o.public {
			says += " (public, too)"
		}
		b.WriteString("| `" + o.path + "` | " + strings.Join(names, ", ") + " | " + says + " |\n")
	}
	want := before + begins + b.String() + ends + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Error("the table of docs/api.md is not that of the code; write it with: go test ./internal/web/api -run TestTableOfTheDocs -update")
	}
}
