package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/statusbot/statusbot/internal/lazy"
)

// secretMin is the length, in bytes, from which a configured secret is looked
// for in what is kept. A shorter one would make texts unreadable and protects
// nothing.
const secretMin = 4

// Word matches names of headers, variables, options and parameters
// whose values are secrets.
var Word = lazy.Compile(`(?i)passw|passphrase|^pass$|[_-]pass$|pwd|secret|token|auth|cookie|session|credential|signature|^sig$|^community$|api[_-]?key|access[_-]?key|private[_-]?key|^key$|[_-]key$`)

// Of returns the secrets in a kind's options: what stands under a
// secret's name, and what is secret in URLs. The forms in which a text may
// repeat them are among them; the longest come first, so that a secret that
// begins with another one goes as a whole.
func Of(options any) []string {
	found := map[string]bool{} // :: secret -> there
	collectSecrets(option{}, reflect.ValueOf(options), found)
	return LongestFirst(found)
}

// With returns the secrets in a kind's options and some of its own, such as
// those that came from the environment; see Of.
func With(options any, own []string) []string {
	if len(own) == 0 {
		return Of(options)
	}
	found := map[string]bool{}
	collectSecrets(option{}, reflect.ValueOf(options), found)
	for _, s := range own {
		addValue(s, found)
	}
	return LongestFirst(found)
}

// Holds says whether a kind's options hold something that is to be kept
// secret.
func Holds(options any) bool {
	found := map[string]bool{}
	collectSecrets(option{}, reflect.ValueOf(options), found)
	return len(found) > 0
}

// filledIn is a value that a journey takes from an earlier answer, and that is
// therefore none of ours: "Bearer {{token}}".
var filledIn = lazy.Compile(`^(?i:(bearer|token)\s+)?\{\{\s*[A-Za-z0-9_.-]+\s*\}\}$`)

// LongestFirst returns the secrets that are long enough to be looked for, in
// the order in which they are.
func LongestFirst(found map[string]bool) []string {
	list := make([]string, 0, len(found))
	for s := range found {
		if len(s) >= secretMin {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return list
}

// option is what a value stands under.
type option struct {
	name   string
	secret bool // the name is that of a secret
}

func named(name string) option { return option{name: name, secret: Word.MatchString(name)} }

var fields sync.Map // :: name of a field of a kind's options -> option; each is looked at once

// field returns the option that a struct's field is: there are a few dozen in
// the program, and a hundred thousand checks have them.
func field(name string) option {
	if known, ok := fields.Load(name); ok {
		return known.(option)
	}
	o := named(name)
	o.secret = o.secret && !says.MatchString(name)
	fields.Store(name, o)
	return o
}

// says matches options with a secret's name that say where the secret is, or how it is used: the
// path of password_file, token_url, and auth of kind snmp, which is "sha256".
var says = lazy.Compile(`File$|URL$|^Auth$`)

// aPath reports whether what stands under a secret's name is the path of the file that holds it, as in
// DB_PASSWORD_FILE=/run/secrets/db.
func aPath(name, value string) bool {
	return strings.HasSuffix(strings.ToLower(name), "file") && path.MatchString(value)
}

var path = lazy.Compile(`^(?:~|\.{0,2})/\S*$`)

// collectSecrets goes through what stands under an option.
func collectSecrets(o option, v reflect.Value, found map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			collectSecrets(o, v.Elem(), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			// Save says where secrets are, and holds none; Authority is a host.
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Save" && f.Name != "Authority" {
				collectSecrets(field(f.Name), v.Field(i), found)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			collectSecrets(named(it.Key().String()), it.Value(), found)
		}
	case reflect.Slice:
		if o.name == "Argv" {
			addArguments(v, found)
		}
		for i := range v.Len() {
			collectSecrets(o, v.Index(i), found)
		}
	case reflect.String:
		text := v.String()
		if o.secret && !aPath(o.name, text) {
			addValue(text, found)
		}
		addURL(text, found)
		if o.name == "Body" || o.name == "Request" || o.name == "Send" {
			AddBody(text, found)
		}
	}
}

// addArguments adds what a script is given under a secret's name: "--token=...",
// or what follows "--token".
func addArguments(v reflect.Value, found map[string]bool) {
	before := ""
	for i := range v.Len() {
		if v.Index(i).Kind() != reflect.String {
			return
		}
		text := v.Index(i).String()
		name, value, given := strings.Cut(text, "=")
		switch {
		case given && aPath(name, value), aPath(before, text):
		case given && Word.MatchString(strings.TrimLeft(name, "-")):
			addValue(value, found)
		case strings.HasPrefix(before, "-") && !strings.HasPrefix(text, "-") && Word.MatchString(strings.TrimLeft(before, "-")):
			addValue(text, found)
		}
		before = ""
		if !given {
			before = text
		}
	}
}

// AddBody adds what is secret in what a check sends: what stands under a
// secret's name in JSON or in a form.
func AddBody(text string, found map[string]bool) {
	var doc any
	if json.Unmarshal([]byte(text), &doc) == nil {
		collectSecrets(option{}, reflect.ValueOf(doc), found)
		return
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return
	}
	for name, values := range form {
		if Word.MatchString(name) {
			for _, v := range values {
				Add(v, found)
			}
		}
	}
}

// addValue adds what is secret in the value of a header, a variable or an
// option.
func addValue(value string, found map[string]bool) {
	Add(value, found)
	if scheme, rest, ok := strings.Cut(value, " "); ok && scheme != "" { // "Bearer ...", "Basic ..."
		Add(rest, found)
		if plain, err := base64.StdEncoding.DecodeString(rest); err == nil && strings.EqualFold(scheme, "Basic") {
			if _, password, ok := strings.Cut(string(plain), ":"); ok {
				Add(password, found)
			}
		}
	}
	if strings.Contains(value, "=") { // "session=...; theme=dark"
		for part := range strings.SplitSeq(value, ";") {
			if _, v, ok := strings.Cut(part, "="); ok {
				Add(strings.TrimSpace(v), found)
			}
		}
	}
}

// addURL adds what is secret in a text if that is an URL: its password, and
// parameters with a secret's name.
func addURL(text string, found map[string]bool) {
	if !strings.Contains(text, "://") {
		return
	}
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	if password, ok := u.User.Password(); ok {
		Add(password, found)
		Add(base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)), found)
		_, raw, _ := strings.Cut(u.User.String(), ":")
		Add(raw, found)
	} else if u.User != nil {
		Add(u.User.Username(), found) // a token as the user's name
	}
	for name, values := range u.Query() {
		if Word.MatchString(name) {
			for _, v := range values {
				Add(v, found)
			}
		}
	}
}

// Add adds a secret as it is, on one line, without control characters, in
// base64 and in hexadecimal digits; see Redactor.Known for the other ways in which a text may repeat it.
func Add(secret string, found map[string]bool) {
	secret = strings.TrimSpace(secret)
	if len(secret) < secretMin || filledIn.MatchString(secret) {
		return
	}
	for _, form := range []string{secret, Printable(secret), OneSpaced(secret), strings.ToValidUTF8(secret, "\uFFFD")} {
		found[form] = true
	}
	addBase64(secret, found)
	found[hex.EncodeToString([]byte(secret))] = true // long enough to be found in capital letters, too
	for line := range strings.Lines(secret) {        // of a key in several lines each is one
		if line = strings.TrimSpace(line); len(line) >= 2*secretMin {
			found[line] = true
		}
	}
}

// addBase64 adds what stays the same of a secret in base64 wherever in the
// encoded text it stands: "user:password" is as good as the password. Three
// bytes are four characters, so there are three ways; what a neighbour has a
// part in is left out.
func addBase64(secret string, found map[string]bool) {
	const leastCoded = 8 // characters: fewer are found in too many words
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			coded := encoding.EncodeToString(append(make([]byte, before, before+len(secret)), secret...))
			coded = coded[(before*8+5)/6 : (before+len(secret))*8/6]
			if len(coded) >= leastCoded {
				found[coded] = true
			}
		}
		if coded := encoding.EncodeToString([]byte(secret)); len(coded) < leastCoded {
			found[coded] = true
		}
	}
}
