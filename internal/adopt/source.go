package adopt

import (
	"bytes"
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
		lines = append(lines, aValue.ReplaceAllString(line, ""))
	}
	return lines
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
