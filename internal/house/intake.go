package house

import (
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/web"
)

// intakeBatch is how many bytes of results are stored at once: half of what
// the journal takes, since the last push of a batch may exceed it.
const intakeBatch = 512 << 10

// intake stores what is pushed, and returns when the journal has it for good.
// That costs a sync each time, so what comes while one batch is stored waits
// and goes together in the next.
type intake struct {
	beats *heartbeat.Beats
	store func([]byte) error // within a bound of its own: a batch is of many pushes
	wait  time.Duration      // for what else comes, before a batch is stored; 0: none

	storing sync.Mutex // held while a batch is stored

	mu   sync.Mutex
	open *batch // guarded by mu; takes what comes next
}

var _ web.Inbox = (*intake)(nil)

// batch is results that are stored together.
type batch struct {
	data []byte // complete once it is no longer open
	done bool   // guarded by storing
	err  error  // guarded by storing
}

// Admit says whether a token lets its holder report for a check.
func (i *intake) Admit(check, token string) bool { return i.beats.Admit(check, token) }

func (i *intake) Holder(token, slug string) (string, bool) { return i.beats.Holder(token, slug) }

// Push keeps the results in a body.
func (i *intake) Push(check string, body []byte, remote string) (accepted, duplicates int, err error) {
	p, err := i.beats.Read(check, body, remote)
	if err != nil {
		return 0, 0, err
	}
	if len(p.Results) > 0 {
		var data []byte
		if data, err = checks.EncodeResults(p.Results); err == nil {
			err = i.put(data)
		}
	}
	p.Done(err == nil)
	return len(p.Results), p.Duplicates, err
}

// put stores encoded results, with those of others.
func (i *intake) put(data []byte) error {
	i.mu.Lock()
	if i.open == nil || len(i.open.data) > 0 && len(i.open.data)+len(data) > intakeBatch {
		i.open = &batch{}
	}
	b := i.open
	b.data = append(b.data, data...)
	i.mu.Unlock()

	i.storing.Lock()
	defer i.storing.Unlock()
	if !b.done {
		time.Sleep(i.wait)
		i.mu.Lock()
		if i.open == b {
			i.open = nil
		}
		i.mu.Unlock()
		b.err = i.store(b.data)
		b.done, b.data = true, nil
	}
	return b.err
}
