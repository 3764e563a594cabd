package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/statusbot/statusbot/internal/house"
)

// terminalOf is a terminal of a size: what is written to one end is read at the other.
func terminalOf(t *testing.T, columns, lines uint16) (program, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	need(t, err)
	t.Cleanup(func() { person.Close() })
	need(t, unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	need(t, err)
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	need(t, err)
	t.Cleanup(func() { program.Close() })
	need(t, unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: lines}))
	return program, person
}

// TestAWatchFitsItsTerminal: on a terminal of 60 columns and 12 lines no line is broken by it, and with sixty
// products what hurts is seen, which would scroll away; who does not watch has all lines.
func TestAWatchFitsItsTerminal(t *testing.T) {
	t.Parallel()
	look := house.Look{Sentence: "Billing fails 5.1\u00a0% of tries (51 of 1,000 in 10\u00a0min), and is told in a sentence that is long.", Zone: "UTC"}
	for i := range 60 {
		look.Products = append(look.Products, house.ProductLook{Name: fmt.Sprintf("Product %d", i), Level: "as usual", Share: "0\u00a0%", Counts: "0 of 1,000 failed in 10\u00a0min"})
	}
	no := false
	for _, watch := range []bool{true, false} {
		program, person := terminalOf(t, 60, 12)
		ctx, stop := context.WithCancel(t.Context())
		ask := func(context.Context) (house.Look, error) { stop(); return look, nil }
		seen := make(chan string)
		go func() {
			var all strings.Builder
			io.Copy(&all, person) // ends with the program's end
			seen <- all.String()
		}()
		w := world{out: program}
		if watch {
			need(t, beside{asJSON: &no}.watch(ctx, w, time.NewTicker(time.Hour), ask))
		} else {
			need(t, beside{asJSON: &no}.look(ctx, w, "", false, ask))
		}
		program.Close()
		lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(<-seen, "\r\n", "\n"), "\n"), "\n")
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > 60 {
				t.Errorf("%d columns: %q", n, line)
			}
		}
		first, last, want := lines[0], lines[len(lines)-1], "Product 59: as usual, 0\u00a0%, 0 of 1,000 failed in 10\u00a0min"
		if watch {
			want = "53 more lines; without --watch all are printed"
		}
		if !strings.HasPrefix(first, "Billing fails") || last != want || watch && len(lines) != 11 {
			t.Errorf("watch %v: %d lines, the first %q, the last %q, want %q", watch, len(lines), first, last, want)
		}
	}
}
