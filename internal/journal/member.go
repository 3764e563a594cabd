package journal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Cluster is one of the members that form a cluster of their own: each has a server inside, of which the routes listen.
type Cluster struct {
	Name    string
	Members []string // "host:port" of the routes of all, this one included; the same on each
	Self    string   // which of them this is
	Listen  string   // where the routes of this one listen; empty: the port of Self, at its address if that is one, else at all
	Secret  string   // that all members share
	TLS     *tls.Config
}

// clusterDir holds the files of a member's server, beside those of a server that was alone before.
const clusterDir = "cluster"

var clusterName = lazy.Compile(`^[A-Za-z0-9_-]{1,64}$`)

// Check says what is wrong with a cluster, in a sentence with what to write; nil when nothing is.
//
// nats-server takes the number of members from the routes: with fewer than all of them, this one included, it would form a
// group of two, or wait for one that never comes.
func (c *Cluster) Check() error {
	if !clusterName.MatchString(c.Name) {
		return fmt.Errorf("name %q: write letters, digits, - and _, 64 at most", c.Name)
	}
	if n := len(c.Members); n < 3 || n%2 == 0 {
		return fmt.Errorf("%d members: list all of them, this one included; 3 outlast the loss of one, 5 of two, and an even number no more than one less", n)
	}
	if len(c.Members) > 5 {
		return fmt.Errorf("%d members: 5 at most", len(c.Members))
	}
	for i, m := range c.Members {
		host, port, err := net.SplitHostPort(m)
		if n, perr := strconv.Atoi(port); err != nil || host == "" || perr != nil || n < 1 || n > 65535 {
			return fmt.Errorf("member %q: write host:port", m)
		}
		if slices.Contains(c.Members[:i], m) {
			return fmt.Errorf("member %q is listed twice", m)
		}
	}
	if c.Self != "" && !slices.Contains(c.Members, c.Self) {
		return fmt.Errorf("this member is %q, and is not among the members; list all of them, this one included", c.Self)
	}
	return nil
}

// memberServer is what the server of a member is started with. user is for connections from inside: clients' port listens
// at loopback only, since without one nats-server opens no routes either, and takes nobody else.
func memberServer(c *Cluster, dir string, store int64, user *url.Userinfo) (*server.Options, error) {
	host, port, err := net.SplitHostPort(c.Self)
	if err != nil {
		return nil, err
	}
	if c.Listen != "" {
		if host, port, err = net.SplitHostPort(c.Listen); err != nil {
			return nil, fmt.Errorf("listen %q: %w", c.Listen, err)
		}
	} else if net.ParseIP(host) == nil {
		host = "0.0.0.0"
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("port of %q: %w", c.Self, err)
	}
	var routes []*url.URL
	for _, m := range c.Members {
		routes = append(routes, &url.URL{Scheme: "nats-route", User: url.UserPassword(routeUser, c.Secret), Host: m})
	}
	password, _ := user.Password()
	return &server.Options{
		ServerName: memberName(c.Self), Host: "127.0.0.1", Port: server.RANDOM_PORT, Username: user.Username(), Password: password, AuthTimeout: insideHandshake.Seconds(),
		NoSigs: true, NoLog: true, JetStream: true, DisableJetStreamBanner: true,
		StoreDir: filepath.Join(dir, clusterDir), JetStreamMaxMemory: embeddedMemory, JetStreamMaxStore: store,
		SyncAlways: true, SyncInterval: resultsSync,
		Cluster: server.ClusterOpts{Name: c.Name, Host: host, Port: number, Username: routeUser, Password: c.Secret,
			TLSConfig: c.TLS, TLSTimeout: memberHandshake.Seconds(), NoAdvertise: true, PingInterval: memberPing, MaxPingsOut: memberPings},
		Routes: routes,
	}, nil
}

const (
	routeUser = "member"
	// memberHandshake bounds TLS between members: a busy machine takes its time.
	memberHandshake = 10 * time.Second
	// memberPing and memberPings: a route into a network that is cut is given up within 15 s, and dialed anew. By default
	// nats-server waits for up to 90 s, and TCP for longer after a cut of a minute.
	memberPing  = 5 * time.Second
	memberPings = 2
)

// memberName is what a member is called: its address, with no character that nats-server takes as a sign.
func memberName(address string) string {
	return regexp.MustCompile(`[^A-Za-z0-9-]`).ReplaceAllString(address, "_")
}

// Holds reports whether a data directory has the files of a journal, alone or of a member.
func Holds(dir string) bool {
	return exists(filepath.Join(dir, aloneDir)) || exists(filepath.Join(dir, clusterDir))
}

// rightDir fails where the data directory is that of a member and this one is to be alone.
func (j *Journal) rightDir() error {
	if !j.cfg.alone() {
		return nil
	}
	if !exists(filepath.Join(j.cfg.Dir, clusterDir)) {
		return nil
	}
	return fmt.Errorf("%s is of a member of a cluster: start statusbot there with its journal.cluster, or name another directory", j.cfg.Dir)
}

// connectMember starts the server of a member, and returns how to reach it.
func (j *Journal) connectMember(ctx context.Context) ([]nats.Option, error) {
	if err := j.cfg.Cluster.Check(); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	user := url.UserPassword("inside", randomID()+randomID())
	opts, err := memberServer(j.cfg.Cluster, j.cfg.Dir, j.cfg.storeBytes(), user)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	e := &embedded{dir: j.cfg.Dir, log: j.cfg.Log, member: opts, says: j.says}
	if err := e.start(ctx); err != nil {
		if strings.Contains(err.Error(), "start JetStream") {
			err = fmt.Errorf("%w; if the files of this member are damaged, and the others are well, move %s away and start it: it takes all from the others",
				err, filepath.Join(j.cfg.Dir, clusterDir))
		}
		return nil, err
	}
	j.member = e
	password, _ := user.Password()
	return []nats.Option{nats.InProcessServer(e), nats.UserInfo(user.Username(), password), nats.Timeout(insideHandshake)}, nil
}

// awaitListening waits until a member's server listens.
func awaitListening(ctx context.Context, s *server.Server, ended <-chan struct{}, failed func() bool) error {
	const look = 50 * time.Millisecond // with 25 ms and less nats-server looks without a pause
	for {
		if s.ReadyForConnections(look) {
			return nil
		}
		select {
		case <-ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if failed() {
			return errors.New("it failed")
		}
	}
}

// waitsFor tells who asked that Open waits, and why, and waits for the next try.
func (j *Journal) waitsFor(ctx context.Context, err error) {
	if says := j.Strangers(); says != "" {
		err = fmt.Errorf("%w; %s", err, says)
	}
	if j.cfg.Waits != nil {
		j.cfg.Waits(err)
	}
	j.cfg.Log.Debug("NATS is not ready, trying again", zap.Error(err))
	select {
	case <-time.After(openTry / 20):
	case <-ctx.Done():
	}
}

// MemberState is what a member sees of its cluster.
type MemberState struct {
	Name    string
	Self    string
	Members []string // all, this one included
	Reached []string // of the other members, those that this one is connected to
	Streams []StreamState
}

// StreamState is a stream of the cluster as this member sees it.
type StreamState struct {
	Name   string
	Leader string // address of a member; empty: none is known
	Last   uint64 // sequence of its newest message
	Peers  []PeerState
}

// PeerState is another member's copy of a stream, as the stream's leader sees it.
type PeerState struct {
	Member  string
	Current bool
	Lag     uint64 // messages that it lacks
	Seen    time.Duration
}

// Cluster returns what this member sees of its cluster; false when it is none. An error is that the cluster does not answer:
// what is known without it is returned all the same.
func (j *Journal) Cluster(ctx context.Context) (m MemberState, is bool, err error) {
	c := j.cfg.Cluster
	if c == nil {
		return m, false, nil
	}
	address := j.addresses()
	m.Name, m.Self, m.Members = c.Name, c.Self, c.Members
	m.Reached = j.Reached()
	for _, name := range []string{j.eventsStream(), j.resultsStream(), j.bucketStream(outboxBucket), j.bucketStream(receiptsBucket), j.bucketStream(leaseBucket)} {
		info, err := j.streams[name].Info(ctx)
		if err != nil {
			return m, true, j.translate("ask how the cluster is", err)
		}
		s := StreamState{Name: name, Last: info.State.LastSeq}
		if info.Cluster != nil {
			s.Leader = address[info.Cluster.Leader]
			for _, r := range info.Cluster.Replicas {
				s.Peers = append(s.Peers, PeerState{Member: address[r.Name], Current: r.Current && !r.Offline, Lag: r.Lag, Seen: r.Active})
			}
		}
		m.Streams = append(m.Streams, s)
	}
	return m, true, nil
}

// Behind says what this member's server has not caught up with, as the server itself judges it: the cluster's list of streams, or
// the copy of one. Empty when there is nothing, and without a cluster of our own. While it is behind, the others must not be
// stopped: who is left may have no copy that a majority agrees on.
func (j *Journal) Behind() string {
	if j.member == nil {
		return ""
	}
	if off := j.StorageOff(); off != "" { // of which the server says that it is well
		return off
	}
	if is := j.member.now().Healthz(&server.HealthzOptions{}); is.Error != "" {
		return is.Error
	}
	return ""
}

// Alone says whether the server is inside, and nobody else's.
func (j *Journal) Alone() bool { return j.cfg.alone() }

// Reached are the other members that this one is connected to; none without a cluster of our own.
func (j *Journal) Reached() []string {
	if j.member == nil {
		return nil
	}
	return j.member.reached(j.addresses(), j.cfg.Cluster.Self)
}

// Away are the other members that this one is not connected to, in order.
func (j *Journal) Away() (away []string) {
	if j.member == nil {
		return nil
	}
	reached := j.Reached()
	for _, member := range j.cfg.Cluster.Members {
		if member != j.cfg.Cluster.Self && !slices.Contains(reached, member) {
			away = append(away, member)
		}
	}
	return away
}

// addresses are those of the members by their names.
func (j *Journal) addresses() map[string]string {
	address := map[string]string{} // :: name -> address
	for _, member := range j.cfg.Cluster.Members {
		address[memberName(member)] = member
	}
	return address
}

// Others is how many other members there are.
func (j *Journal) Others() int {
	if j.cfg.Cluster == nil {
		return 0
	}
	return len(j.cfg.Cluster.Members) - 1
}

// reached are the members that the server has routes to.
func (e *embedded) reached(address map[string]string, self string) (list []string) {
	routes, err := e.now().Routez(nil)
	if err != nil {
		return nil
	}
	for _, r := range routes.Routes {
		if m := address[r.RemoteName]; m != "" && m != self && !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	slices.Sort(list)
	return list
}
