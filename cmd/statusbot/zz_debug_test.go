//go:build linux

package main

import "testing"

func debugUpdates(t *testing.T, us []shopUpdate) {
	for _, u := range us {
		t.Logf("%d %s", u.n, u.text)
	}
}
