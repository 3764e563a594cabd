package checks

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// grpcCodes are the names of gRPC's status codes, each at its number
// (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
var grpcCodes = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

const (
	grpcOK            = 0
	grpcNotFound      = 5
	grpcUnimplemented = 12
)

// grpcCode names a code.
func grpcCode(n int) string {
	if n >= 0 && n < len(grpcCodes) {
		return grpcCodes[n]
	}
	return "CODE_" + strconv.Itoa(n)
}

// grpcStatusSet are the codes that are right.
type grpcStatusSet []int

// newGRPCStatus reads names and numbers of codes; none are OK alone.
func newGRPCStatus(list []any) (grpcStatusSet, error) {
	if len(list) == 0 {
		return grpcStatusSet{grpcOK}, nil
	}
	var set grpcStatusSet
	for i, entry := range list {
		word := strings.ToUpper(strings.TrimSpace(fmt.Sprint(entry)))
		n := slices.Index(grpcCodes, word)
		if number, err := strconv.Atoi(word); err == nil && number >= 0 && number < len(grpcCodes) {
			n = number
		}
		if n < 0 {
			return nil, &OptionError{Key: fmt.Sprintf("status[%d]", i), Problem: "is not a status of gRPC", Instead: "write one such as OK, NOT_FOUND or 5"}
		}
		set = append(set, n)
	}
	return set, nil
}

func (s grpcStatusSet) has(code int) bool { return slices.Contains(s, code) }

func (s grpcStatusSet) String() string {
	words := make([]string, len(s))
	for i, n := range s {
		words[i] = grpcCode(n)
	}
	return strings.Join(words, ", ")
}

// readGRPCStatus reads what ends an answer. What is no number is a server that
// does not speak the protocol.
func readGRPCStatus(code, message string) (n int, text string, ok bool) {
	number, err := strconv.ParseUint(code, 10, 31)
	if err != nil {
		return 0, "", false
	}
	if plain, err := url.PathUnescape(message); err == nil { // it is escaped like a path
		message = plain
	}
	return int(number), strings.ToValidUTF8(message, "\uFFFD"), true
}
