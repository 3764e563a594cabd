package demo

import "time"

// Intervals and limits of the company's checks. One second gives each product
// four to five results a second, enough to see a fault of 8 % in about ten
// seconds, at fewer than 40 probes a second in all. Bursts, while a product's
// figures are in doubt, prove a recovery in half a minute.
const (
	burstEvery    = 125 * time.Millisecond
	burstPerHost  = 150 // all that goes through edge-lb is one host
	checkEvery    = time.Second
	checkTimeout  = 900 * time.Millisecond
	scriptEvery   = 2 * time.Second // starts processes, so half as often
	scriptTimeout = 1500 * time.Millisecond
	degradedOver  = 300 * time.Millisecond // a healthy answer takes a few milliseconds
)

// front is how clients reach a product.
type front int

const (
	viaEdge front = iota // http through edge-lb
	direct               // http to the product's own address
	mailTCP              // the mailbox's own TCP address
)

// product is one product of the company, with its backend and its checks.
type product struct {
	id, name, owner  string
	degraded, outage string // what clients meet, in the business's words
	front            front
	routes           []route
	checks           []check
}

// check is one observation of a product. Exactly one of path, send, banner,
// batch and queue is set. uses lists the components it needs directly; those
// that they depend on are added by the reader (partTable).
type check struct {
	id     string
	uses   []string
	path   string // http: a route's path
	send   string // tcp to the mailbox: the line to send
	banner bool   // tcp to mail-relay: wait for its greeting
	batch  bool   // exec: the age of the product's last batch
	queue  bool   // exec: the length of the mail queue
	expect string // http and tcp: what the answer contains
}

// partTable is the shared components, each after those it depends on.
var partTable = []struct {
	id, name  string
	dependsOn []string
}{
	{id: "db-main", name: "Main database"},
	{id: "auth", name: "Sign-in service", dependsOn: []string{"db-main"}},
	{id: "mail-relay", name: "Mail relay"},
	{id: "edge-lb", name: "Edge load balancer"},
}

// seedData is the content of db-main.
func seedData() database {
	return database{
		"session:" + token: "ana",
		"invoice:1042":     "payable 120.00 EUR",
		"invoice:1043":     "paid 75.50 EUR",
		"account:7":        "312.40",
		"cart:3":           "2 items",
		"order:88":         "confirmed",
		"stock:teapot":     "14 left",
		"article:teapot":   "Teapot, 24.90 EUR",
		"payslip:ana":      "2026-10",
		"payrun:2026-10":   "closed",
		"mail:1":           "Welcome",
		"figures:today":    "1830 orders",
		"export:9":         "ready",
	}
}

var (
	onEdge       = []string{"edge-lb"}
	onEdgeAuth   = []string{"edge-lb", "auth"}
	onEdgeDB     = []string{"edge-lb", "db-main"}
	onEdgeAuthDB = []string{"edge-lb", "auth", "db-main"}
	onEdgeMail   = []string{"edge-lb", "mail-relay"}
	onAuth       = []string{"auth"}
	onAuthDB     = []string{"auth", "db-main"}
	onDB         = []string{"db-main"}
	onMail       = []string{"mail-relay"}
)

// productTable is the company. Maps, Payroll and Mail do not pass edge-lb.
var productTable = []product{
	{
		id: "billing", name: "Billing", owner: "payments",
		degraded: "Some invoices cannot be paid", outage: "No invoice can be paid",
		routes: []route{
			{path: "/start", shows: "Your invoices"},
			{path: "/invoices/1042", signed: true, query: "GET invoice:1042", shows: "Invoice 1042"},
			{path: "/quote", signed: true, shows: "Payment methods"},
			{path: "/accounts/7", query: "BALANCE 7", shows: "Account 7"},
		},
		checks: []check{
			{id: "billing-start", uses: onEdge, path: "/start"},
			{id: "billing-invoice", uses: onEdgeAuthDB, path: "/invoices/1042", expect: "payable"},
			{id: "billing-quote", uses: onEdgeAuth, path: "/quote"},
			{id: "billing-balance", uses: onEdgeDB, path: "/accounts/7", expect: "312.40"},
			{id: "billing-batch", uses: onDB, batch: true},
		},
	},
	{
		id: "search", name: "Search", owner: "discovery",
		degraded: "Some searches fail or take long", outage: "Nothing can be searched",
		routes: []route{
			{path: "/start", shows: "Search"},
			{path: "/query", shows: "12 results for teapot"},
			{path: "/suggest", shows: "teapot, teaspoon"},
			{path: "/saved", signed: true, shows: "Saved searches"},
			{path: "/stock", query: "GET stock:teapot", shows: "Availability"},
		},
		checks: []check{
			{id: "search-start", uses: onEdge, path: "/start"},
			{id: "search-query", uses: onEdge, path: "/query", expect: "12 results"},
			{id: "search-suggest", uses: onEdge, path: "/suggest", expect: "teaspoon"},
			{id: "search-saved", uses: onEdgeAuth, path: "/saved"},
			{id: "search-stock", uses: onEdgeDB, path: "/stock", expect: "14 left"},
		},
	},
	{
		id: "checkout", name: "Checkout", owner: "shop",
		degraded: "Some orders cannot be placed", outage: "No order can be placed",
		routes: []route{
			{path: "/start", shows: "Checkout"},
			{path: "/cart", query: "GET cart:3", shows: "Your cart"},
			{path: "/order", signed: true, query: "GET order:88", shows: "Order 88"},
			{path: "/shipping", shows: "Delivery in 2 days"},
			{path: "/receipt", mail: true, shows: "Receipt sent"},
		},
		checks: []check{
			{id: "checkout-start", uses: onEdge, path: "/start"},
			{id: "checkout-cart", uses: onEdgeDB, path: "/cart", expect: "2 items"},
			{id: "checkout-order", uses: onEdgeAuthDB, path: "/order", expect: "confirmed"},
			{id: "checkout-shipping", uses: onEdge, path: "/shipping", expect: "Delivery"},
			{id: "checkout-receipt", uses: onEdgeMail, path: "/receipt", expect: "Receipt sent"},
		},
	},
	{
		id: "storefront", name: "Storefront", owner: "shop",
		degraded: "Some pages of the shop do not load", outage: "The shop is closed",
		routes: []route{
			{path: "/start", shows: "Welcome to the shop"},
			{path: "/articles/teapot", query: "GET article:teapot", shows: "Article"},
			{path: "/images/teapot", shows: "An image of a teapot"},
			{path: "/profile", signed: true, shows: "Your profile"},
			{path: "/offers", shows: "3 offers today"},
		},
		checks: []check{
			{id: "storefront-start", uses: onEdge, path: "/start"},
			{id: "storefront-article", uses: onEdgeDB, path: "/articles/teapot", expect: "24.90 EUR"},
			{id: "storefront-images", uses: onEdge, path: "/images/teapot", expect: "image"},
			{id: "storefront-profile", uses: onEdgeAuth, path: "/profile"},
			{id: "storefront-offers", uses: onEdge, path: "/offers", expect: "offers"},
		},
	},
	{
		id: "reports", name: "Reports", owner: "data",
		degraded: "Some reports do not open", outage: "No report opens",
		routes: []route{
			{path: "/start", shows: "Your reports"},
			{path: "/dashboard", query: "GET figures:today", shows: "Today"},
			{path: "/export", signed: true, query: "GET export:9", shows: "Export 9"},
			{path: "/plan", signed: true, shows: "Every Monday"},
			{path: "/share", mail: true, shows: "Report sent"},
		},
		checks: []check{
			{id: "reports-start", uses: onEdge, path: "/start"},
			{id: "reports-dashboard", uses: onEdgeDB, path: "/dashboard", expect: "1830 orders"},
			{id: "reports-export", uses: onEdgeAuthDB, path: "/export", expect: "ready"},
			{id: "reports-plan", uses: onEdgeAuth, path: "/plan"},
			{id: "reports-share", uses: onEdgeMail, path: "/share", expect: "Report sent"},
		},
	},
	{
		id: "maps", name: "Maps", owner: "geo", front: direct,
		degraded: "Some maps stay blank", outage: "No map is drawn",
		routes: []route{
			{path: "/tiles/4/8/5", shows: "A tile"},
			{path: "/directions", shows: "12 minutes on foot"},
			{path: "/address", shows: "Harbour Street 4"},
			{path: "/places", signed: true, shows: "Your places"},
		},
		checks: []check{
			{id: "maps-tile", path: "/tiles/4/8/5", expect: "tile"},
			{id: "maps-directions", path: "/directions", expect: "on foot"},
			{id: "maps-address", path: "/address", expect: "Harbour"},
			{id: "maps-places", uses: onAuth, path: "/places"},
		},
	},
	{
		id: "payroll", name: "Payroll", owner: "people", front: direct,
		degraded: "Some payslips cannot be opened", outage: "Salaries cannot be prepared",
		routes: []route{
			{path: "/payslip", signed: true, query: "GET payslip:ana", shows: "Payslip"},
			{path: "/payrun", query: "GET payrun:2026-10", shows: "Pay run"},
			{path: "/calendar", shows: "Next pay day: Friday"},
			{path: "/leave", signed: true, shows: "12 days left"},
		},
		checks: []check{
			{id: "payroll-payslip", uses: onAuthDB, path: "/payslip", expect: "2026-10"},
			{id: "payroll-payrun", uses: onDB, path: "/payrun", expect: "closed"},
			{id: "payroll-calendar", path: "/calendar", expect: "Friday"},
			{id: "payroll-leave", uses: onAuth, path: "/leave"},
			{id: "payroll-batch", uses: onDB, batch: true},
		},
	},
	{
		id: "mail", name: "Mail", owner: "messaging", front: mailTCP,
		degraded: "Some mails arrive late", outage: "No mail is sent or read",
		checks: []check{
			{id: "mail-relay-greets", uses: onMail, banner: true, expect: "220"},
			{id: "mail-fetch", uses: onDB, send: "FETCH 1\n", expect: "OK"},
			{id: "mail-login", uses: onAuth, send: "LOGIN " + token + "\n", expect: "OK"},
			{id: "mail-send", uses: onMail, send: "SEND check\n", expect: "OK"},
			{id: "mail-queue", uses: onMail, queue: true},
		},
	},
}
