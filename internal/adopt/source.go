package adopt

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/lazy"
)

// aValue is where the reader of YAML repeats what is not as it should be.
var aValue = lazy.Compile("`[^`]*` ")

// misread are what of a source could not be read, a line each. What stood there is left out: it may be a secret. Any
// other error is one of the whole, and has none of them.
func misread(err error) (lines []string) {
	wrong, _ := errors.AsType[*yaml.TypeError](err)
	if wrong == nil {
		return nil
	}
	for _, line := range wrong.Errors {
		line = aValue.ReplaceAllString(line, "")
		if m := aMismatch.FindStringSubmatch(line); m != nil {
			line = m[1] + cmp.Or(yamlWords[m[2]], "a value of type "+m[2]) + " stands where " + wordOf(m[3]) + " should"
		}
		lines = append(lines, line)
	}
	return lines
}

// aMismatch is where the reader of YAML names types of its own and of Go.
var aMismatch = lazy.Compile(`^(line [0-9]+: )cannot unmarshal (!\S+) into (.+)$`)

var yamlWords = map[string]string{"!!str": "a text", "!!seq": "a list", "!!map": "a list of keys", "!!int": "a number", "!!float": "a number", "!!bool": "true or false", "!!null": "nothing"}

// wordOf says what a type of Go reads.
func wordOf(kind string) string {
	switch {
	case kind == "string", kind == "bool":
		return map[string]string{"string": "a text", "bool": "true or false"}[kind]
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	case strings.HasPrefix(kind, "map["), strings.Contains(kind, "."), strings.HasPrefix(kind, "struct"):
		return "a list of keys"
	}
	return "a number"
}

// unreadable is an error of the reader of YAML, without what stood there.
func unreadable(err error) error {
	if lines := misread(err); lines != nil {
		return &yaml.TypeError{Errors: lines}
	}
	if strings.Contains(err.Error(), "invalid map key") {
		return errors.New("yaml: a key is neither a text nor a number")
	}
	return err
}

// unread is unreadable of a whole file, with what to do where it is not a file yet.
func (s Source) unread(is string, err error) error {
	next := ""
	if bytes.Contains(s.Text, []byte("{{")) {
		next = "; {{ }} in it is of a template: give the file that it comes to"
	}
	return fmt.Errorf("%s is %s: %w%s", s.Name, is, unreadable(err), next)
}
