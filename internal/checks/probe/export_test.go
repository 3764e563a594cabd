package probe

import (
	"net"
	"testing"
)

// Publicly makes 127.0.0.2 and 127.0.0.3 count as public for a test; Linux answers on all
// of 127.0.0.0/8.
func Publicly(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("this system has no 127.0.0.2: ", err)
	}
	l.Close()
	was := refusedStrictly
	t.Cleanup(func() { refusedStrictly = was })
	refusedStrictly = spans("loopback addresses", "127.0.0.1/32", "loopback addresses", "::1/128")
}
