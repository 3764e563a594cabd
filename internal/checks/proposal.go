package checks

// Proposal is a check that somebody proposes while statusbot runs, as typed:
// what stands in a configuration file under checks, and nothing that decides
// by itself. It is part of a stored form: fields may be added, never renamed.
type Proposal struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	Kind    string `json:"kind"`
	Every   string `json:"every,omitempty"` // empty: the default, as of Timeout
	Timeout string `json:"timeout,omitempty"`
	Options string `json:"options,omitempty"` // the kind's own part, YAML
}
