package config

import (
	"net"
	"net/mail"
	"net/url"
	"strings"
	"unicode"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// What addresses of the configuration may be is decided here, by the rules that those of
// checks keep: an address that can never work is refused where it is written, not by who
// listens or connects later.

// isListen reports whether text is an address to listen on: host:port, where no host is
// all of this machine's addresses and port 0 any that is free.
func isListen(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && (host == "" || probe.GoodName(host)) && (port == "0" || isPort(port))
}

// IsHostPort reports whether text is host:port of another machine.
func IsHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && probe.GoodName(host) && isPort(port)
}

// isPort reports whether text is the number of a port, without a sign and not 0.
func isPort(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == "" && probe.GoodPort(&url.URL{Host: ":" + text})
}

// webURL reads an http or https address, whose host and port can be one, without a blank,
// at which chats end it; false for what is none.
func webURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	return u, err == nil && !strings.ContainsFunc(text, unicode.IsSpace) && (u.Scheme == "http" || u.Scheme == "https") && isURLHost(u)
}

func isWebURL(text string) bool {
	_, ok := webURL(text)
	return ok
}

// isNATSURL reports whether text is the address of a NATS server, as nats.go takes it:
// without a port it is the usual one.
func isNATSURL(text string) bool {
	u, err := url.Parse(strings.TrimSpace(text))
	return err == nil && (u.Scheme == "nats" || u.Scheme == "tls" || u.Scheme == "ws" || u.Scheme == "wss") && isURLHost(u)
}

// isURLHost reports whether the host of an URL can be one, and its port, if it has one.
func isURLHost(u *url.URL) bool {
	return probe.GoodName(u.Hostname()) && probe.GoodPort(u)
}

// isMailbox reports whether text is an address of e-mail, with or without a name before it.
func isMailbox(text string) bool {
	a, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return false
	}
	return probe.GoodMailDomain(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
}
