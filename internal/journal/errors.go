package journal

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrLocked comes from Open when another process holds the data directory. Its message names both.
	ErrLocked = errors.New("data directory in use")
	// ErrConflict comes from AppendEvent, PutReceipt and Keep when somebody else wrote in between, and also when an earlier
	// call of the caller's own was stored although it returned an error. Read again, decide again.
	ErrConflict = errors.New("written by another in between")
	// ErrNotFound comes from Receipt, Kept, Checkpoint, EventAt and EventsOf when there is none.
	ErrNotFound = errors.New("not found")
	// ErrDamaged comes from Checkpoint, with ErrNotFound, when its file is not as it was written.
	ErrDamaged = errors.New("damaged")
	// ErrTooLarge comes from every append and put whose body exceeds MaxBody. Split it.
	ErrTooLarge = errors.New("body too large")
	// ErrBadName comes from every call with an empty or too long incident, destination, key or lease name.
	ErrBadName = errors.New("bad name")
	// ErrClosed comes from every call after Close, and ends the calls that were running.
	ErrClosed = errors.New("journal is closed")
	// ErrLost comes from Close when the disk did not take what was written, up to the end.
	ErrLost = errors.New("what was in memory only is lost")
	// ErrUnavailable comes from Open and from every call that the server does not answer, or that a cluster cannot do
	// for the time being. Trying again may help; a call that writes may have written.
	ErrUnavailable = errors.New("the journal does not answer")
	// ErrLeaseLost is the cause (context.Cause) of a leader's ended context when its lease could not be kept.
	ErrLeaseLost = errors.New("lease lost")
)

// unavailable makes an error ErrUnavailable as well, and says no more than it.
type unavailable struct{ error }

func (u unavailable) Is(target error) bool { return target == ErrUnavailable }
func (u unavailable) Unwrap() error        { return u.error }

// passing says whether err may pass by itself: no answer, or a cluster that is not complete.
func passing(err error) bool {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return api.Code == http.StatusServiceUnavailable || api.ErrorCode == noPeers || api.ErrorCode == idUnderWay
	}
	if _, waits := errors.AsType[errWaits](err); waits {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders)
}

// noPeers is the code of "no suitable peers for placement": too few members of a cluster are there.
const noPeers = 10005

// idUnderWay is the code of "duplicate message id is in process": an earlier try of the same is neither stored nor given up.
const idUnderWay = 10158

// translate gives err the journal's words. doing says what failed, as "append event".
func (j *Journal) translate(doing string, err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	// Two codes: a single server's and a replicated stream's.
	case errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return fmt.Errorf("%s: %w", doing, ErrConflict)
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	case j.ctx.Err() != nil, errors.Is(err, nats.ErrConnectionClosed):
		return fmt.Errorf("%s: %w", doing, ErrClosed)
	case errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%s: %w", doing, ErrTooLarge)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%s: no answer from the journal in time: %w", doing, unavailable{err})
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("%s: the journal's storage is not answering, see its log: %w", doing, unavailable{err})
	case passing(err): // a cluster that elects, or is not complete
		return fmt.Errorf("%s: the cluster cannot do it for the time being: %w", doing, unavailable{err})
	}
	return fmt.Errorf("%s: %w", doing, err)
}
