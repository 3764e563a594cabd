package probe

import (
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRefusal(t *testing.T) {
	for _, tt := range []struct{ addr, always, strictly string }{
		{"169.254.169.254", "cloud metadata addresses", "cloud metadata addresses"},
		{"169.254.1.1", "link-local addresses", "link-local addresses"},
		{"::ffff:169.254.169.254", "cloud metadata addresses", "cloud metadata addresses"},
		{"::ffff:a9fe:a9fe", "cloud metadata addresses", "cloud metadata addresses"},
		{"64:ff9b::a9fe:a9fe", "cloud metadata addresses", "cloud metadata addresses"}, // NAT64
		{"2002:a9fe:a9fe::1", "cloud metadata addresses", "cloud metadata addresses"},  // 6to4
		{"::169.254.169.254", "cloud metadata addresses", "cloud metadata addresses"},
		{"fd00:ec2::254", "cloud metadata addresses", "cloud metadata addresses"},
		{"100.100.100.200", "cloud metadata addresses", "cloud metadata addresses"},
		{"fe80::1", "link-local addresses", "link-local addresses"},
		{"fe80::1%eth0", "link-local addresses", "link-local addresses"},
		{"febf::1", "link-local addresses", "link-local addresses"},
		{"0.0.0.0", "unspecified addresses", "unspecified addresses"},
		{"::", "unspecified addresses", "unspecified addresses"},
		{"224.0.0.1", "multicast addresses", "multicast addresses"},
		{"ff02::1", "multicast addresses", "multicast addresses"},
		{"255.255.255.255", "broadcast addresses", "broadcast addresses"},
		{"127.0.0.1", "", "loopback addresses"},
		{"127.9.9.9", "", "loopback addresses"},
		{"::1", "", "loopback addresses"},
		{"::ffff:127.0.0.1", "", "loopback addresses"},
		{"64:ff9b::7f00:1", "", "loopback addresses"},
		{"10.1.2.3", "", "private addresses"},
		{"172.31.255.255", "", "private addresses"},
		{"192.168.0.1", "", "private addresses"},
		{"::ffff:192.168.0.1", "", "private addresses"},
		{"100.64.0.1", "", "private addresses"},
		{"fd12::1", "", "private addresses"},
		{"198.51.100.7", "", "reserved addresses"},
		{"64:ff9b:1::1", "", "reserved addresses"},
		{"240.0.0.1", "", "reserved addresses"},
		{"8.8.8.8", "", ""},
		{"172.32.0.1", "", ""},
		{"169.253.255.255", "", ""},
		{"2606:4700::1111", "", ""},
		{"64:ff9b::808:808", "", ""},
	} {
		addr := netip.MustParseAddr(tt.addr)
		if got := refusal(addr, false); got != tt.always {
			t.Errorf("%s: refused as %q, want %q", tt.addr, got, tt.always)
		}
		if got := refusal(addr, true); got != tt.strictly {
			t.Errorf("%s, strictly: refused as %q, want %q", tt.addr, got, tt.strictly)
		}
	}
}

// A connection that is not made by the guarded dialer is not guarded.
func TestNobodyDialsPastTheGuard(t *testing.T) {
	past := regexp.MustCompile(`net\.Dial|tls\.Dial|http\.Default(Client|Transport)\b|http\.Get|http\.Client\{`)
	comments := regexp.MustCompile(`(?m)//.*$`)
	seen := 0
	must(t, filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "probetest" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || file == filepath.Join("..", "probe", "guard.go") {
			return nil
		}
		seen++
		text, err := os.ReadFile(file)
		if found := past.Find(comments.ReplaceAll(text, nil)); found != nil {
			t.Errorf("%s: %s makes connections past the guard; use the check's Dialer", file, found)
		}
		return err
	}))
	if seen < 50 {
		t.Errorf("only %d files were looked at", seen)
	}
}
