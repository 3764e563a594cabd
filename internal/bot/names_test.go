package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

func portfolio() status.Definition {
	return status.Definition{
		Products: []status.Product{{ID: "billing", Name: "Billing"}, {ID: "idm", Name: "Identity & Access"}, {ID: "portal-de", Name: "Kundenportal Nord"},
			{ID: "fraud", Name: "Fraud Detection"}, {ID: "search", Name: "Search"}, {ID: "site-search", Name: "Site Search"}, {ID: "payroll", Name: "Payroll"},
			{ID: "paylater", Name: "Pay Later"}, {ID: "ops", Name: "Status Page"}, {ID: "fa", Name: "می\u200cخواهم"}},
		Checks: []checks.Check{{ID: "pay", Product: "billing"}, {ID: "ledger-write", Product: "billing"}, {ID: "login", Product: "idm"},
			{ID: "query", Product: "search"}, {ID: "query-site", Product: "site-search"}},
	}
}

// say is what was found in a few words: "billing", "billing/pay", "a|b", "billing?foo".
func (f found) say() string {
	var out []string
	for _, n := range f.all {
		s := n.product.ID
		if n.check.ID != "" {
			s += "/" + n.check.ID
		}
		out = append(out, s)
	}
	s := strings.Join(out, "|")
	if f.rest != "" {
		s += "?" + f.rest
	}
	return s
}

// Of two products whose names begin alike, the one that is called so in full has
// the check that is named behind it.
func TestCheckOfTheProductThatIsCalledSo(t *testing.T) {
	def := status.Definition{
		Products: []status.Product{{ID: "p1", Name: "Search"}, {ID: "p2", Name: "Search Ads"}, {ID: "p3", Name: "Search Ads Europe"}},
		Checks:   []checks.Check{{ID: "p1/front", Product: "p1"}, {ID: "p2/front", Product: "p2"}, {ID: "p3/front", Product: "p3"}, {ID: "p3/bids", Product: "p3"}},
	}
	for text, want := range map[string]string{
		"search front": "p1/p1/front", "Search fro": "p1/p1/front", "search ads front": "p2/p2/front", "search ads europe front": "p3/p3/front",
		"search bids": "p3/p3/bids", "front": "p1/p1/front|p2/p2/front|p3/p3/front", "ads front": "p2/p2/front|p3/p3/front",
	} {
		if got := find(def, strings.Fields(text)).say(); got != want {
			t.Errorf("%q is taken for %q, want %q", text, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"billing":                  "billing",
		"BILLING":                  "billing",
		"Billing.":                 "billing",
		"billing?":                 "billing",
		"*billing*":                "billing",
		"`billing`":                "billing",
		"_billing_":                "billing",
		": billing":                "billing",
		", billing":                "billing",
		"is billing ok?":           "billing",
		"hey  how is search doing": "search",
		"@Ben billing":             "billing",
		"@U0STATUSBOT billing pay": "billing/pay",
		"status billing":           "billing",
		"status status billing":    "billing",
		"/statusbot billing":       "billing",
		"status page":              "ops",
		"Status Page":              "ops",
		"identity":                 "idm",
		"Identity":                 "idm",
		"identity and access":      "idm",
		"identity access":          "idm",
		"ident":                    "idm",
		"kundenportal":             "portal-de",
		"nord":                     "portal-de",
		"fraud":                    "fraud",
		"detect":                   "fraud",
		"search":                   "search", // its name in full, though another has the word
		"sea":                      "search|site-search",
		"site":                     "site-search",
		"pay":                      "billing/pay", // a check's id in full
		"payr":                     "payroll",
		"later":                    "paylater",
		"billing pay":              "billing/pay",
		"billing ledger":           "billing/ledger-write",
		"ledger":                   "billing/ledger-write",
		"identity login":           "idm/login",
		"que":                      "search/query|site-search/query-site",
		"billing foo":              "billing?foo",
		"is billing foo ok":        "billing?foo",
		"why is billing so slow since this morning":    "billing",
		"can you compare billing and fraud for me now": "billing|fraud",
		"می\u200cخواهم":                                "fa",
		"foo":                                          "",
		"b":                                            "",
		"":                                             "",
		"?":                                            "",
		"lake pay":                                     "",
	} {
		words := parse(text).words
		if got := find(portfolio(), words).say(); got != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}

// shops are names that other keyboards do not have, that begin alike, or that
// differ in a sign.
func shops() status.Definition {
	def := status.Definition{Products: []status.Product{{ID: "eng", Name: "Shop 🏴󠁧󠁢󠁥󠁮󠁧󠁿"}, {ID: "uk", Name: "Shop 🇬🇧"}, {ID: "fam", Name: "Family 👩‍👩‍👧"}, {ID: "hearts", Name: "Hearts ❤️"}, {ID: "node", Name: "Node.js Runtime"},
		{ID: "r2", Name: "R2-D2 / Storage"}, {ID: "buch", Name: "Bücher Müller"}, {ID: "cafe-1", Name: "Café Straße"}, {ID: "ru", Name: "Ещё Поиск"}, {ID: "fa", Name: "کتاب"}, {ID: "jp", Name: "サーチ"},
		{ID: "cpp", Name: "C++"}, {ID: "csharp", Name: "C#"}, {ID: "books", Name: "O’Reilly’s Books"}, {ID: "ack-svc", Name: "Ack Service"}, {ID: "billing", Name: "Billing"},
		{ID: "fraud", Name: "Fraud Detection"}, {ID: "team-chat", Name: "Team Chat"}, {ID: "inc", Name: "Incident Desk"}, {ID: "rnd", Name: "Research and Development"}},
		Checks: []checks.Check{{ID: "pay", Product: "billing"}, {ID: "latency", Product: "fraud"}}}
	return def
}

func TestFindAsPeopleType(t *testing.T) {
	for text, want := range map[string]string{
		"shop":                         "eng|uk",
		"shop 🇬🇧":                      "uk",
		"Shop 🏴󠁧󠁢󠁥󠁮󠁧󠁿?":                "eng",
		"🇬🇧":                           "uk",
		":flag-gb:":                    "uk",
		"shop :flag-england:":          "eng",
		"👩‍👩‍👧":                        "fam",
		"family :woman-woman-girl:":    "fam",
		"👩":                            "",
		"❤":                            "hearts", // without the sign that makes it red
		"billing 🔥":                    "billing",
		"billing :fire:":               "billing",
		":eyes: billing":               "billing",
		"🔥":                            "",
		"nodejs":                       "node",
		"node.js":                      "node",
		"r2d2":                         "r2",
		"R2 D2":                        "r2",
		"oreillys":                     "books",
		"bucher":                       "buch",
		"buecher mueller":              "buch",
		"BÜCHER":                       "buch",
		"bücher":                      "buch", // as a Mac writes it
		"cafe strasse":                 "cafe-1",
		"еще":                          "ru",
		"ПОИСК?":                       "ru",
		"كتاب":                         "fa", // typed on an Arabic keyboard
		"ｂｉｌｌｉｎｇ":                      "billing",
		"ｻｰﾁ":                          "jp",
		"billing？":                     "billing",
		"C++":                          "cpp",
		"c#":                           "csharp",
		"c":                            "cpp|csharp",
		"billing fraud":                "billing|fraud",
		"billing and fraud":            "billing|fraud",
		"billing vs. fraud":            "billing|fraud",
		"billing, fraud detection":     "billing|fraud",
		"is billing slow?":             "billing",
		"billing seems slow again":     "billing",
		"any problems with billing":    "billing",
		"billing errors":               "billing",
		"is billing down for everyone": "billing",
		"billing latency":              "billing",
		"fraud latency":                "fraud/latency",
		"latency":                      "fraud/latency",
		"chat":                         "team-chat",
		"team":                         "team-chat",
		"incident":                     "inc",
		"research":                     "rnd",
		"research & development":       "rnd",
		"billing foo":                  "billing?foo",
		"billing foo bar":              "billing?foo bar",
		"is it broken":                 "",
	} {
		if got := find(shops(), parse(text).words).say(); got != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoName(t *testing.T) {
	type kind struct{ Greets, Lists, All bool }
	for text, want := range map[string]kind{
		"hi":                       {Greets: true},
		"hello there":              {Greets: true},
		"thanks":                   {Greets: true},
		"hey":                      {Greets: true},
		"list":                     {Lists: true},
		"ls":                       {Lists: true},
		"list all products":        {Lists: true},
		"all":                      {All: true},
		"is everything ok?":        {All: true},
		"how are all products":     {All: true},
		"how is it going":          {All: true},
		"good morning":             {Greets: true},
		"hello everyone":           {Greets: true},
		"thank you!":               {Greets: true},
		"how are we doing?":        {All: true},
		"is anything broken?":      {All: true},
		"what's failing right now": {All: true},
		"any problems?":            {All: true},
		"who is affected":          {All: true},
		"outages":                  {All: true},
		"are there any incidents":  {All: true},
		"ls -la":                   {Lists: true},
		"billing":                  {},
		"listing":                  {},
	} {
		words := parse(text).words
		if diff := cmp.Diff(want, kind{greets(words), lists(words), !greets(words) && aboutAll(words)}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"", "billing?", "hey how is search doing", "pay pay pay", "\xff", "a b c d e f g h i j k l m n o p q r s t u v w x y z"} {
		f.Add(seed)
	}
	def := portfolio()
	f.Fuzz(func(t *testing.T, text string) {
		got := find(def, parse(text).words)
		if n, ok := got.one(); ok && n.product.ID == "" {
			t.Errorf("%q names one thing that is none", text)
		}
		if got.rest != "" && len(got.all) != 1 {
			t.Errorf("%q has %q left behind %d products", text, got.rest, len(got.all))
		}
	})
}

// TestNamesThatAreCommands: a product that is called like a command's words, or like the
// beginning of another, is found by its name.
func TestNamesThatAreCommands(t *testing.T) {
	def := status.Definition{Products: []status.Product{{ID: "s3", Name: "S3"}, {ID: "s3-archive", Name: "S3 Archive"}, {ID: "web2", Name: "Web 2.0"}, {ID: "help-desk", Name: "Help"}, {ID: "alle", Name: "All"},
		{ID: "mail", Name: "Mail"}, {ID: "mail-archive", Name: "Mail Archive"}, {ID: "n360", Name: "360"}, {ID: "now-tv", Name: "Now"}, {ID: "reports", Name: "Report Builder"}},
		Checks: []checks.Check{{ID: "send", Product: "mail"}}}
	for text, want := range map[string]string{
		"s3": "s3", "S3 archive?": "s3-archive", "archive": "s3-archive|mail-archive", "web 2": "web2", "help desk": "help-desk", "is help ok": "help-desk", "help": "help", "all": "alle",
		"mail send": "mail/send", "360": "n360", "one and 360": "n360 ? one", "now": "now-tv", "report builder": "reports", "report": "report", "s3 and s4": "s3 ? s4", "s3 nd mail": "s3|mail together",
	} {
		if got := understood(def, text); got != want {
			t.Errorf("%q is taken for %q, want %q", text, got, want)
		}
	}
}
