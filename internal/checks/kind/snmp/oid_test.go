package snmp

import (
	"strings"
	"testing"
)

func TestNumbersOfObjects(t *testing.T) {
	for oid, want := range map[string]bool{
		"1.3.6.1.2.1.1.3.0": true, ".1.3.6": true, "0.0": true, "2.999": true, "1.4294967295": true,
		"1.3" + strings.Repeat(".1", 99): true, "1.3" + strings.Repeat(".1", 100): false,
		"": false, ".": false, "1": false, ".1": false, "1.": false, "1..3": false, "..1.3": false, "3.1": false, "10.1": false, "-1.3": false,
		"1.03": false, "1.00": false, "1.12345678901": false, "1.3 ": false, " 1.3": false, "1.3\n": false, "1.+3": false, "1.a": false, "1.٣": false, "sysUpTime.0": false, "1.3.6.*": false,
	} {
		if goodOID(oid) != want {
			t.Errorf("%q: %v, want %v", oid, !want, want)
		}
	}
}
