package replay

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress shows on a terminal how far a file is read; anywhere else it shows
// nothing. A nil one shows nothing either.
type progress struct {
	out         io.Writer
	size, done  int64
	shown, from time.Time
}

const (
	progressEvery = 200 * time.Millisecond
	progressWidth = 30
)

// newProgress returns nil when err is no terminal or the size is not known.
func newProgress(in *os.File, err io.Writer) *progress {
	terminal, ok := err.(*os.File)
	if !ok {
		return nil
	}
	if info, err := terminal.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	info, statErr := in.Stat()
	if statErr != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	now := time.Now()
	return &progress{out: err, size: info.Size(), shown: now, from: now}
}

// read says that so many bytes more were read.
func (p *progress) read(n int) {
	if p == nil {
		return
	}
	before := p.done
	p.done += int64(n)
	if before>>16 == p.done>>16 { // the clock is asked once in 64 KiB
		return
	}
	if now := time.Now(); now.Sub(p.shown) >= progressEvery {
		p.shown = now
		fmt.Fprint(p.out, "\r"+p.line(now))
	}
}

func (p *progress) line(now time.Time) string {
	share := min(float64(p.done)/float64(p.size), 1)
	full := int(share * progressWidth)
	left := time.Duration(float64(now.Sub(p.from)) * (1 - share) / max(share, 1e-9)).Round(time.Second)
	return fmt.Sprintf("[%s%s] %3.0f %%, %s left ", strings.Repeat("#", full), strings.Repeat(".", progressWidth-full), 100*share, left)
}

// end takes the line away.
func (p *progress) end() {
	if p != nil {
		fmt.Fprint(p.out, "\r"+strings.Repeat(" ", progressWidth+40)+"\r")
	}
}
