package probe

import (
	"errors"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

var errTokenUnsayable = errors.New("has a control character within")

// NewBearer reads the options bearer_token and bearer_token_file of a kind that
// sends headers. Another says that the check has an authorization besides.
func NewBearer(c checks.Check, text, dir, file string, another bool) (Password, error) {
	switch {
	case text+file != "" && another:
		return Password{}, &OptionError{Key: "bearer_token", Problem: "is given beside another authorization", Instead: "write one of them"}
	case !IsFieldValue(text):
		return Password{}, &OptionError{Key: "bearer_token", Problem: "has a control character"}
	}
	return NewSecret(c, "bearer_token", text, dir, file)
}

// RevealToken returns a token that can stand in a header, or a result that says
// why there is none.
func (p Password) RevealToken() (string, *checks.Result) {
	token, err := p.Reveal()
	if err == nil && !IsFieldValue(token) {
		err = errTokenUnsayable
	}
	if err != nil {
		r := Internal("the token's file " + err.Error())
		return "", &r
	}
	return token, nil
}

// HideToken takes a token, which may come from a file, out of a result.
func HideToken(r *checks.Result, token string) {
	if token == "" {
		return
	}
	found := map[string]bool{}
	redact.Add(token, found)
	HideIn(r, redact.For(redact.LongestFirst(found)))
}
