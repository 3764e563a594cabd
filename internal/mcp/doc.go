// Package mcp lets a language model's program read statusbot, by the Model Context
// Protocol: a few tools, each an answer of internal/web/api, and none that changes
// anything. It is the only importer of the protocol's library.
//
// An answer is JSON with as of when it is; a share stands beside its tries and
// interval, and is null where it is not known. Texts from outside (names, evidence,
// what people wrote) may be written to be read as instructions. Each is cut, freed
// of what cannot be seen, and fenced by marks with a word that is drawn for each answer, so
// that no text can close its own fence.
//
// Who may ask is decided by who serves it: Handler behind the page's access, Serve by
// whoever may open the data directory or has the token.
package mcp
