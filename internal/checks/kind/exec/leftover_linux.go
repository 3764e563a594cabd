package exec

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// markName is the variable by which the processes of a script are found: all
	// that it starts inherit it, also in sessions of their own.
	markName = "STATUSBOT_SCRIPT"
	// sweepEvery bounds how often all processes are looked at where scripts end
	// all the time: about 15 us for each process of the machine.
	sweepEvery = 5 * time.Second
	// sweepRounds bounds how often a sweep looks again for what was started
	// while it ended others.
	sweepRounds = 10
	// deathWithin is how long a sweep waits for what it ended.
	deathWithin = time.Second
	// environMax is how much of an environment is looked through, in bytes: more
	// than the kernel lets a program be started with, unless its stack is
	// unlimited.
	environMax = 6 << 20
)

// leftovers finds and ends what scripts left behind.
type leftovers struct {
	id     [16]byte
	prefix []byte        // of the marks of this process's scripts, which nobody can guess
	every  time.Duration // sweepEvery

	guarding sync.Once
	alive    *os.File // what the guard waits for the end of; nil where there is none

	mu      sync.Mutex
	last    uint64              // number of the newest script
	running map[uint64]struct{} // numbers of the scripts that run
	due     bool                // a sweep will come
	swept   time.Time           // when the last one began

	sweeping sync.Mutex
	environ  bytes.Buffer // of the process that is looked at
}

var scripts = newLeftovers()

func newLeftovers() *leftovers {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return &leftovers{
		id:      id,
		prefix:  []byte(markName + "=" + hex.EncodeToString(id[:]) + "."),
		every:   sweepEvery,
		running: map[uint64]struct{}{},
	}
}

// begin returns the number of a script that is about to start, and its
// environment with its mark. Call end once it has ended.
func (l *leftovers) begin(env []string) (number uint64, marked []string) {
	l.guarding.Do(l.guard)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	l.running[l.last] = struct{}{}
	return l.last, append(slices.Clip(env), string(l.prefix)+strconv.FormatUint(l.last, 10))
}

// end says that a script has ended. What it left behind is ended before end
// returns if now, and otherwise within sweepEvery, so that no probe waits for it.
func (l *leftovers) end(number uint64, now bool) {
	l.mu.Lock()
	delete(l.running, number)
	later := !now && !l.due
	wait := time.Until(l.swept.Add(l.every))
	l.due = l.due || later
	l.mu.Unlock()
	switch {
	case now:
		l.sweep()
	case later:
		time.AfterFunc(max(wait, 0), l.sweep)
	}
}

// sweep ends all processes of scripts that have ended.
func (l *leftovers) sweep() {
	l.sweeping.Lock()
	defer l.sweeping.Unlock()
	l.mu.Lock()
	l.due, l.swept = false, time.Now()
	l.mu.Unlock()
	for range sweepRounds {
		if !l.sweepOnce() {
			return
		}
	}
}

// sweepOnce is true when it ended one, which may have started another meanwhile.
func (l *leftovers) sweepOnce() bool {
	proc, err := os.Open("/proc")
	if err != nil {
		return false
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1) // those that were read will do
	ended := false
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && l.left(pid) {
			ended = l.kill(pid) || ended
		}
	}
	return ended
}

// left is whether a process is of a script of ours that has ended. What may not
// be read is not ours, or became another user's.
func (l *leftovers) left(pid int) bool {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	defer f.Close()
	l.environ.Reset()
	if _, err := l.environ.ReadFrom(io.LimitReader(f, environMax)); err != nil {
		return false // it is gone, or a part of the system
	}
	for entry := range bytes.SplitSeq(l.environ.Bytes(), []byte{0}) {
		if mark, ok := bytes.CutPrefix(entry, l.prefix); ok {
			number, err := strconv.ParseUint(string(mark), 10, 64)
			return err == nil && l.over(number)
		}
	}
	return false
}

// over is whether a script has ended.
func (l *leftovers) over(number uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, runs := l.running[number]
	return !runs
}

// kill ends a process and waits for its end. It holds the process before it looks
// at it again: a number that was given to another meanwhile does no harm.
func (l *leftovers) kill(pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false // it is gone, or Linux is older than 5.3: nothing is ended by its number alone
	}
	defer unix.Close(fd)
	if !l.left(pid) || unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) != nil {
		return false
	}
	end := time.Now().Add(deathWithin)
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(max(time.Until(end), 0).Milliseconds()))
		if err != unix.EINTR { //nolint:errorlint // a system call returns it bare
			return true
		}
	}
}
