package checks

import "errors"

var errTokenUnsayable = errors.New("has a control character within")

// newBearer reads the options bearer_token and bearer_token_file of a kind that
// sends headers. Another says that the check has an authorization besides.
func newBearer(c Check, text, dir, file string, another bool) (password, error) {
	switch {
	case text+file != "" && another:
		return password{}, &OptionError{Key: "bearer_token", Problem: "is given beside another authorization", Instead: "write one of them"}
	case !isFieldValue(text):
		return password{}, &OptionError{Key: "bearer_token", Problem: "has a control character"}
	}
	return newSecret(c, "bearer_token", text, dir, file)
}

// revealToken returns a token that can stand in a header, or a result that says
// why there is none.
func (p password) revealToken() (string, *Result) {
	token, err := p.reveal()
	if err == nil && !isFieldValue(token) {
		err = errTokenUnsayable
	}
	if err != nil {
		r := internal("the token's file " + err.Error())
		return "", &r
	}
	return token, nil
}

// hideToken takes a token, which may come from a file, out of a result.
func hideToken(r *Result, token string) {
	if token == "" {
		return
	}
	found := map[string]bool{}
	addForms(token, found)
	redactor{longestFirst(found)}.result(r)
}
