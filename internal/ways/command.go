package ways

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/statusbot/statusbot/internal/checks"
)

// Command gives each notice to a program, as JSON on its standard input: what a Webhook
// posts. It is run as a check of kind exec is: no shell, an environment of its own, a
// process group that is killed as a whole when its time is over.
type Command struct {
	Program string // for people
	// Run runs it once with that on its standard input.
	Run func(ctx context.Context, stdin []byte) checks.Result
	// Find looks whether it is there and may be run, and runs nothing.
	Find func() error
}

var _ Sender = (*Command)(nil)

// Send runs the command. Exit code 0 is that it is told.
func (c *Command) Send(ctx context.Context, n Notice) error {
	data, err := json.Marshal(eventOf(n))
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err) // unreachable: it is plain data
	}
	r := c.Run(ctx, append(data, '\n'))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case r.Outcome == checks.Pass:
		return nil
	case r.Evidence != nil && r.Evidence.Status > 0:
		return fmt.Errorf("the command ends with exit code %d", r.Evidence.Status)
	}
	return errors.New(r.Summary)
}

// Knows reports that the command is given the id of what it is given again.
func (c *Command) Knows() bool { return true }

// Examine looks for the program.
func (c *Command) Examine(context.Context) (string, error) {
	if err := c.Find(); err != nil {
		return "", err
	}
	return c.Program + " is there and may be run", nil
}
