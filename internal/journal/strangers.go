package journal

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// strangers are who connects to a member's server and is no member, or no longer one of the same cluster. nats-server turns
// most of them away, tries again, and says so in words that name no key of ours.
type strangers struct {
	mu   sync.Mutex
	says string    // guarded by mu; what is wrong and what to do
	at   time.Time // guarded by mu; when it was so last
}

// strangerSaid is how long it is told: a member that is turned away tries again each second.
const strangerSaid = 30 * time.Second

// turnedAway are parts of what nats-server 2.15 logs when it turns another one away, and what that means here.
var turnedAway = []struct{ part, says string }{
	{"luster name", "a member has another journal.cluster.name: write the same one for all members"},
	{"duplicate name", "two members run with the same folder: each one needs its own, as journal.cluster.folder"},
	{"uthorization", "a member has another secret: take the folders of all members from one run of statusbot cluster init"},
	{"uthentication", "a member has another secret: take the folders of all members from one run of statusbot cluster init"},
	{"certificate", "a member has a certificate of another authority: take the folders of all members from one run of statusbot cluster init"},
}

// note looks for who was turned away in what the server logs.
func (s *strangers) note(text string) {
	for _, t := range turnedAway {
		if strings.Contains(text, t.part) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.says, s.at = t.says, time.Now()
			return
		}
	}
}

// now is what is wrong; empty when nothing was for a while.
func (s *strangers) now() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.at) > strangerSaid {
		return ""
	}
	return s.says
}

// Strangers says who connects to this member and does not belong to its cluster, or has another list of members, and what to do; empty when nobody
// does.
func (j *Journal) Strangers() string {
	if j.member == nil {
		return ""
	}
	if says := j.member.strangers.now(); says != "" {
		return says
	}
	address := j.addresses()
	routes, err := j.member.now().Routez(nil)
	if err != nil {
		return ""
	}
	for _, r := range routes.Routes {
		if r.RemoteName != "" && address[r.RemoteName] == "" {
			return fmt.Sprintf("a member is connected that journal.cluster.members does not list here (%s): write the same list for all members", r.RemoteName)
		}
	}
	return ""
}
