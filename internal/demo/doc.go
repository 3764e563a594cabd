// Package demo is a small company on loopback: eight products with real
// servers, four shared components that they really go through, batch jobs that
// leave files behind, and scripts that look at those files. A component can be
// broken in the way real ones break, for a share of what passes through it,
// and restarted as an operator would.
//
// Everything listens on 127.0.0.1 at ports that the system chose. Start
// returns when all of it accepts connections; Close stops it and waits for
// every goroutine. Nothing is kept: the state files in Config.Dir belong to
// one run.
//
// The shared components, from the ground up:
//
//	db-main     a database with a line protocol over TCP (db.go)
//	auth        verifies tokens over HTTP, looks sessions up in db-main (auth.go)
//	mail-relay  takes mail over TCP, greets with a banner (relay.go)
//	edge-lb     a reverse proxy in front of most products (edge.go)
//
// A fault is decided per request (HTTP), per line (db-main) or per connection
// (mail-relay). No server keeps a connection to a component open between two
// uses, so each use meets the component as it is at that moment.
//
// ConfigYAML describes the same company to statusbot. What a check declares in
// `uses` is written by hand beside it (products.go) and is held against the
// servers by a test that takes each component down.
package demo
