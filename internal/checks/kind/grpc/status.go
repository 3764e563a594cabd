package grpc

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// codes are the names of gRPC's status codes, each at its number
// (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
var codes = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

const (
	codeOK            = 0
	codeNotFound      = 5
	codeUnimplemented = 12
)

// codeOf names a code.
func codeOf(n int) string {
	if n >= 0 && n < len(codes) {
		return codes[n]
	}
	return "CODE_" + strconv.Itoa(n)
}

// statusSet are the codes that are right.
type statusSet []int

// newStatus reads names and numbers of codes; none are OK alone.
func newStatus(list []any) (statusSet, error) {
	if len(list) == 0 {
		return statusSet{codeOK}, nil
	}
	var set statusSet
	for i, entry := range list {
		word := strings.ToUpper(strings.TrimSpace(fmt.Sprint(entry)))
		n := slices.Index(codes, word)
		if number, err := strconv.Atoi(word); err == nil && number >= 0 && number < len(codes) {
			n = number
		}
		if n < 0 {
			return nil, &probe.OptionError{Key: fmt.Sprintf("status[%d]", i), Problem: "is not a status of gRPC", Instead: "write one such as OK, NOT_FOUND or 5"}
		}
		set = append(set, n)
	}
	return set, nil
}

func (s statusSet) has(code int) bool { return slices.Contains(s, code) }

func (s statusSet) String() string {
	words := make([]string, len(s))
	for i, n := range s {
		words[i] = codeOf(n)
	}
	return strings.Join(words, ", ")
}

// readStatus reads what ends an answer. What is no number is a server that
// does not speak the protocol.
func readStatus(code, message string) (n int, text string, ok bool) {
	number, err := strconv.ParseUint(code, 10, 31)
	if err != nil {
		return 0, "", false
	}
	if plain, err := url.PathUnescape(message); err == nil { // it is escaped like a path
		message = plain
	}
	return int(number), strings.ToValidUTF8(message, "\uFFFD"), true
}
