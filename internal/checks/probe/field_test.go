package probe

import (
	"strings"
	"testing"
)

func TestPerformanceDataAsTheyCome(t *testing.T) {
	long := "Intel(R) 82574L Gigabit Network Connection _2 WFP Native Filter-0000 Bytes"
	list := ParsePerf("time=6,049175s;;;0,000000 size=555B '" + long + "'=3c a=1,2,3")
	if len(list) < 3 || list[0].Value != 6.049175 || list[0].Unit != "s" || list[1].Value != 555 || list[2].Label != long {
		t.Errorf("got %+v", list)
	}
}

func TestAddressesThatCanNeverWork(t *testing.T) {
	for _, address := range []string{" 127.0.0.1:23100", "a b:1", "a/b:1", "a\tb:1", "a:+1", "a:1 ", "a:-1"} {
		if _, err := ReadTarget("address", address); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
	for _, raw := range []string{" http://a.example/", "http://a.example/ ", "http://a.example/\n"} {
		if _, err := ParseURL(raw); err == nil {
			t.Errorf("%q is taken", raw)
		}
	}
	to, err := ReadTarget("address", "bücher.example:23100")
	if err != nil || to.Address != "xn--bcher-kva.example:23100" {
		t.Errorf("got %q, %v", to.Address, err)
	}
	if got := ServerName("Bücher.example"); got != "xn--bcher-kva.example" {
		t.Errorf("got %q", got)
	}
	for _, same := range []string{"[::1]:80", "a_b.example:1", "127.0.0.1:5", "[fe80::1%eth0]:80"} {
		if to, err := ReadTarget("address", same); err != nil || !strings.EqualFold(to.Address, same) {
			t.Errorf("%s: got %q, %v", same, to.Address, err)
		}
	}
}
