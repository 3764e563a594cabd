package exec

import (
	"context"
	"os"
	"os/exec"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// output is what a script writes to one of its files, read while it runs.
type output struct {
	from  *os.File
	to    *headWriter
	given *os.File      // the script's end, until it has it
	done  chan struct{} // closed when nothing more is read
	ended bool          // nobody holds the other end any more; known when done is closed
}

// readOutput has a script write to a pipe, of which the head is kept.
func readOutput(to *headWriter) (*output, error) {
	from, given, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &output{from: from, to: to, given: given, done: make(chan struct{})}, nil
}

// begin reads, once the script was started.
func (o *output) begin() {
	o.given.Close()
	go func() {
		defer close(o.done)
		_, err := o.to.ReadFrom(o.from)
		o.ended = err == nil
	}()
}

// finish waits for the end of what a script wrote that has ended itself, for as long
// as the grace lasts, and then takes what is there: on a busy machine that may be all
// of it, since nothing was read yet.
func (o *output) finish(grace context.Context) {
	select {
	case <-o.done:
	case <-grace.Done():
	}
	o.stop()
}

// stop takes what is there, and reads no more.
func (o *output) stop() {
	if o.from.SetReadDeadline(probe.LongAgo) != nil { // where pipes have none
		o.from.Close()
	}
	<-o.done
	if !o.ended {
		o.ended = o.rest()
	}
	o.from.Close()
}

// outputs are both of a script.
type outputs struct{ stdout, stderr *output }

// attach makes the outputs of a command that is not started yet.
func attach(cmd *exec.Cmd, stdout, stderr *headWriter) (all outputs, err error) {
	if all.stdout, err = readOutput(stdout); err != nil {
		return all, err
	}
	if all.stderr, err = readOutput(stderr); err != nil {
		all.stdout.from.Close()
		all.stdout.given.Close()
		return all, err
	}
	cmd.Stdout, cmd.Stderr = all.stdout.given, all.stderr.given
	return all, nil
}

func (o outputs) begin() {
	o.stdout.begin()
	o.stderr.begin()
}

// finish waits for the ends of both, and reports whether somebody that the script
// left behind holds one of them still.
func (o outputs) finish() (held bool) {
	grace, cancel := context.WithTimeout(context.Background(), outputGrace)
	defer cancel()
	o.stdout.finish(grace)
	o.stderr.finish(grace)
	return !o.stdout.ended || !o.stderr.ended
}

func (o outputs) close() {
	for _, one := range []*output{o.stdout, o.stderr} {
		one.from.Close()
		one.given.Close()
	}
}
