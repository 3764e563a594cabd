// Package api is what programs read of statusbot: JSON under /api/v1/, in the words
// of the design, described by an OpenAPI document that is made of the very values
// from which the answers are (operations, in table.go).
//
// Each answer says as of when it is. A share stands beside its counts and the ends of
// its interval, and is null where it is not known: never 0, and never well. What is
// wrong is said as application/problem+json, in a sentence and the next step.
//
// Lists are bounded. Where one goes on, next is an opaque cursor that stays good while
// new items come. Answers carry an ETag of what they say, without as_of: a 304 means
// that it is still so, as of its Date.
//
// Texts that come from outside (names, evidence, what people wrote) are marked in the
// values by the tag `outside`, so that who hands them on can tell them from ours.
//
// The package stores nothing and knows no journal: Source is what it needs.
package api
