package bot

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
)

// Hindrance is why the last try to bring a message to Slack did not.
type Hindrance string

const (
	NoHindrance Hindrance = ""
	Unanswered  Hindrance = "unanswered"    // Slack did not answer, or said that it fails
	Refusing    Hindrance = "refused"       // it refused the message
	Distrusts   Hindrance = "token_refused" // it does not take our token
	Limits      Hindrance = "limited"       // it limits the rate
	OwnTurn     Hindrance = "held"          // it waits for its turn, by our own budget or order
)

// Trouble is a hindrance, and what was said of it: a phrase without any address.
type Trouble struct {
	Is   Hindrance
	Says string
}

// Troubles are what keeps messages from Slack, as the last try of each showed. The zero
// value knows of none. One serves all Posters of a process.
type Troubles struct {
	mu  sync.Mutex
	of  map[string]Trouble // :: destination + " " + key -> so it is, while it waits; guarded by mu
	all map[string]Trouble // :: destination -> the newest of it that held up all of it; guarded by mu
}

// Of is what keeps a message from Slack, or else what keeps everything from its
// destination.
func (t *Troubles) Of(dest, key string) Trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	if is, ok := t.of[dest+" "+key]; ok {
		return is
	}
	return t.all[dest]
}

// Waiting is how many messages wait.
func (t *Troubles) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.of)
}

// note takes in how a try went.
func (t *Troubles) note(dest, key string, err error) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		delete(t.of, dest+" "+key)
		delete(t.all, dest)
		return
	}
	is := troubleOf(err)
	if is.Is == NoHindrance {
		return
	}
	if t.of == nil {
		t.of, t.all = map[string]Trouble{}, map[string]Trouble{}
	}
	t.of[dest+" "+key] = is
	if is.Is != Refusing && is.Is != OwnTurn {
		t.all[dest] = is
	}
}

// troubleOf is what an error of a delivery means.
func troubleOf(err error) Trouble {
	code := refusedWith(err)
	_, isLimit := errors.AsType[*limited](err)
	_, full := errors.AsType[*spent](err)
	switch {
	case full, errors.Is(err, errNoThread):
		return Trouble{Is: OwnTurn}
	case isLimit:
		return Trouble{Is: Limits}
	case slices.Contains(tokenRefused, code):
		return Trouble{Distrusts, code}
	case code != "":
		return Trouble{Refusing, code}
	case errors.Is(err, ErrUnsure):
		return Trouble{Unanswered, unansweredWith(err)}
	}
	return Trouble{} // the journal, or a newer leader
}

// unansweredWith says in a phrase how Slack did not answer; empty where that is no help.
func unansweredWith(err error) string {
	if odd, ok := errors.AsType[*stranger](err); ok {
		if odd.status >= http.StatusInternalServerError {
			return "HTTP " + strconv.Itoa(odd.status)
		}
		return odd.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsTimeout {
		return "its name is not found"
	}
	if timeout, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || ok && timeout.Timeout() {
		return "time-out"
	}
	for _, errno := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ENETUNREACH, syscall.EHOSTUNREACH} {
		if errors.Is(err, errno) {
			return errno.Error()
		}
	}
	return ""
}
