package journal

import (
	"errors"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A cluster that elects answers nothing, also later: what it was asked meanwhile is lost. Each loss costs as long as an answer
// may take, and a start asks for one stream after the other. So a member looks at its own server, which knows whether there is a
// leader, and asks shortly as long as it knows of none.

// allStreams stands for what decides on all streams.
const allStreams = ""

// askWithin is how long an answer may take that the leader of a stream gives, or that of allStreams.
func (j *Journal) askWithin(stream string) time.Duration {
	if j.member != nil && !j.member.knowsLeader(stream) {
		return openTry / 8 // not without asking: others may know of one
	}
	return openTry
}

// whyNoAnswer is why a stream's leader, or that of allStreams, did not answer, where that is known better.
func (j *Journal) whyNoAnswer(stream string, err error) error {
	_, known := errors.AsType[errWaits](err)
	switch {
	case known, j.member == nil, j.member.knowsLeader(stream):
		return err
	case stream == allStreams:
		return errWaits{"the members have not elected yet who leads the cluster"}
	}
	return errWaits{"the members have not elected yet who leads stream " + stream}
}

// knowsLeader reports whether the server knows who leads a stream, or that it has no copy of it.
func (e *embedded) knowsLeader(stream string) bool {
	s := e.now()
	if stream == allStreams {
		is, err := s.Jsz(nil)
		return err == nil && is.Meta != nil && is.Meta.Leader != ""
	}
	account, err := s.JszAccount(&server.JSzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Streams: true})
	if err != nil {
		return false
	}
	for i := range account.Streams {
		if its := &account.Streams[i]; its.Name == stream && its.Cluster != nil {
			return its.Cluster.Leader != ""
		}
	}
	return true
}
