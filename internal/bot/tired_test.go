package bot

import "testing"

// tired are what people type at half past one who have no patience left, by what is to be
// understood.
var tired = map[string][]string{
	"since":                    {"worse than an hour ago?", "is it better than 10 min ago", "worse than at 13:50?"},
	"all":                      {"is anything broken rn", "whats broken atm", "is it worse"},
	"billing":                  {"billing rn?", "is billing ok atm"},
	"billing @ an hour ago":    {"is billing worse than an hour ago"},
	"all @ last night":         {"what happened last night", "what happend last night", "wat hapened last night"}, //nolint:misspell // as people type
	"maintenance ? billing 2h": {"maint billing 2h", "maintenance billing 2h"},
	"timeline":                 {"did the restart help", "did it help?", "did anything help"},
	"?":                        {"worse than ever", "than lunch"},
}

// TestTired: as TestPhrases.
func TestTired(t *testing.T) {
	for want, list := range tired {
		for _, text := range list {
			if got := understood(company(), text); got != want {
				t.Errorf("%q is taken for %q, want %q", text, got, want)
			}
		}
	}
}
