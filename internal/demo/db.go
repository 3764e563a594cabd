package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// maxLine bounds one line of the line protocols, in bytes.
const maxLine = 512

// lineIdle is how long a line server waits for the next line of a client.
const lineIdle = 30 * time.Second

// upstreamTimeout bounds one use of a component by a backend. It is longer than
// the time-outs of the company's checks: a client gives up first.
const upstreamTimeout = 2 * time.Second

// serveLines answers each line that c sends with answer's line, treated as the
// component's fault says. A nil sw means a server that cannot be broken. After
// an "ERR" it hangs up: who waits for another word is told at once.
func serveLines(ctx context.Context, c *conn, sw *switchboard, answer func(ctx context.Context, line string) string) {
	in := bufio.NewReaderSize(c, maxLine)
	for {
		_ = c.SetReadDeadline(time.Now().Add(lineIdle)) // fails only on a closed connection; the read says so
		raw, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		line := strings.TrimSpace(string(raw))
		var h hit
		if sw != nil {
			h = sw.draw()
		}
		var reply string
		switch h.kind {
		case kindError:
			reply = "ERR internal error"
		case kindReset:
			c.resetOnClose()
			return
		case kindTimeout:
			_ = c.SetReadDeadline(time.Time{})
			_, _ = io.Copy(io.Discard, c) // until the client goes
			return
		case kindSlow:
			if !pause(ctx, h.delay) {
				return
			}
			reply = answer(ctx, line)
		default:
			reply = answer(ctx, line)
		}
		if _, err := io.WriteString(c, reply+"\n"); err != nil || strings.HasPrefix(reply, "ERR ") {
			return
		}
	}
}

// database is the content of db-main. It is not changed after Start.
//
// Protocol, one line each way: "PING" -> "PONG"; "GET key" -> "VALUE text" or
// "NONE"; "BALANCE id" -> "BALANCE id amount"; "COUNT prefix" -> "COUNT n".
// Anything wrong is answered by "ERR sentence".
type database map[string]string // :: key -> value

func (d database) answer(_ context.Context, line string) string {
	verb, arg, _ := strings.Cut(line, " ")
	switch verb {
	case "PING":
		return "PONG"
	case "GET":
		if v, ok := d[arg]; ok {
			return "VALUE " + v
		}
		return "NONE"
	case "BALANCE":
		if v, ok := d["account:"+arg]; ok {
			return "BALANCE " + arg + " " + v
		}
		return "ERR no such account"
	case "COUNT":
		n := 0
		for k := range d {
			if strings.HasPrefix(k, arg) {
				n++
			}
		}
		return fmt.Sprintf("COUNT %d", n)
	}
	return "ERR unknown command; use PING, GET, BALANCE or COUNT"
}

// ask sends one line to a line server on a connection of its own and returns
// the answer. An "ERR" answer is an error.
func ask(ctx context.Context, addr, line string) (string, error) {
	return talk(ctx, addr, func(c net.Conn, in *bufio.Reader) (string, error) {
		if _, err := io.WriteString(c, line+"\n"); err != nil {
			return "", err
		}
		reply, err := readLine(in)
		if err != nil {
			return "", err
		}
		if sentence, bad := strings.CutPrefix(reply, "ERR "); bad {
			return "", errors.New(sentence)
		}
		return reply, nil
	})
}

// talk dials addr, holds the conversation and hangs up, all of it within
// upstreamTimeout and ctx.
func talk(ctx context.Context, addr string, conversation func(net.Conn, *bufio.Reader) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	return conversation(c, bufio.NewReaderSize(c, maxLine))
}

func readLine(in *bufio.Reader) (string, error) {
	raw, err := in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(raw)), nil
}
