package config

import (
	"fmt"
	"slices"

	"github.com/statusbot/statusbot/internal/lazy"
)

var clusterName = lazy.Compile(`^[A-Za-z0-9_-]{1,64}$`)

// cluster checks what is written of a cluster of our own; the journal knows the same rules, and why.
func (s *settings) cluster() Cluster {
	raw := s.raw.Journal.Cluster
	if raw.Name == "" && len(raw.Members) == 0 && raw.Folder == "" && raw.Listen == "" {
		return Cluster{}
	}
	const members = "journal.cluster.members"
	if s.raw.Journal.URL != "" {
		s.note("journal.cluster", "stands beside journal.url", "leave one of them out: either statusbots form a cluster of their own, or they use an existing one")
	}
	if !clusterName.MatchString(raw.Name) {
		s.note("journal.cluster.name", fmt.Sprintf("%q is no name of a cluster", raw.Name), "write letters, digits, - and _, 64 at most")
	}
	if n := len(raw.Members); n < 3 || n > mostReplicas || n%2 == 0 {
		s.note(members, fmt.Sprintf("lists %d", n), "list all members, this one included: 3 outlast the loss of one, 5 of two, and an even number no more than one less")
	}
	if raw.Folder == "" {
		s.note("journal.cluster.folder", "is missing", "name the folder that statusbot cluster init wrote for this member")
	}
	for i, m := range raw.Members {
		if !IsHostPort(m) {
			s.note(members, fmt.Sprintf("has %q", m), "write host:port")
		} else if slices.Contains(raw.Members[:i], m) {
			s.note(members, fmt.Sprintf("lists %q twice", m), "list each member once")
		}
	}
	if raw.Listen != "" && !isListen(raw.Listen) {
		s.note("journal.cluster.listen", fmt.Sprintf("%q is not an address", clip(raw.Listen)), `write "0.0.0.0:6222"`)
	}
	return Cluster{Name: raw.Name, Members: raw.Members, Folder: s.path("journal.cluster.folder", raw.Folder), Listen: raw.Listen}
}
