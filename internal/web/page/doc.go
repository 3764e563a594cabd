// Package page is what people read in a browser: the board of all products, a
// page of each product and of each incident, and a public variant that shows what
// products allow, in their owners' words.
//
//	GET /                        the board
//	GET /products/ID             one product: its last 24 hours and 90 days, its checks, evidence, where figures come from
//	GET /incidents/ID            one incident: how it stands, what was tried, its timeline
//	GET /incidents/ID/report     its report, as `statusbot report` writes it
//	GET /live                    what changes, as server-sent events
//	GET, POST /signin            a form for the token, which becomes a cookie
//	GET /feed.atom, /feed.rss    incidents, step by step, and maintenance
//	GET /maintenance.ics         maintenance as a calendar
//	GET /badge.svg, /badges/ID.svg   a level as a small picture
//	GET /api/v2/*.json           the eight answers of a Statuspage
//
// A page is one request without JavaScript: its style stands in it, under a policy
// that names its hash, and nothing is loaded from elsewhere. The one small script
// keeps the page up to date and makes a strip of days one stop of the tab key.
//
// What a page says is written in internal/format: the words and figures of an
// update of the same instant. A page is rendered once for all of its readers, and
// again when it is older than a few seconds and somebody asks: a reader costs a
// copy of bytes. The package stores nothing and knows no journal.
package page
