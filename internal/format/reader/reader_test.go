package reader

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	said = Said{At: noon, From: noon.Add(-time.Hour), Opened: noon.Add(-20 * time.Minute), Products: 60, Ever: 14}
)

// What was seen, and must be found.
func TestFaultsAreFound(t *testing.T) {
	for _, c := range []struct{ shown, kind string }{
		{"Checkout fails 7.0 % of tries (53 of 1,349)", "percent"},
		{"On these, 35 of 299 client checks failed in 10 min: 13 %", "percent"},
		{"Billing fails 100 % (8/7)", "part"},
		{"*14 of 61 products fail 3.9 % of tries (53 of 1,349)*", "sum"},
		{"*14 of 60 products fail 3.9 % of tries (53 of 1,349)*\n47 as usual (3 of 4,372).", "sum"},
		{"*14 of 60 products fail 3.9 % of tries (53 of 1,349)*\nMost: Payroll 7 % (6/90), Mail 7 % (6/90); 11 more 1-6 %.", "sum"},
		{"*14 of 60 products fail 3.9 % of tries (53 of 1,349)*\nMost: Payroll 7 % (6/90), Mail 7 % (6/90); 11 more 1-6 %; Maps 2/4, Chat 1/3.", "sum"},
		{"*Impact update #3: worse. 4 of 4 products fail 12.7 % of tries (137 of 1,080), 7.8 % until 11:38.*", "grammar"},
		{"*Impact update #3: Reports, Payroll answer again: the last 23 tries passed. They were down up to 4 min: 48 of 48 failed.*", "grammar"},
		{"*Impact update #3: Payroll answers again: the last 23 tries passed. It was down 4 min: 48 of 48 failed. Mail, Search and Payroll fail 32 % of tries (35 of 108).*\nMail 42 % (18/43), Search 40 % (17/43); 1 more without a failure.", "answering"},
		{"*14 of 60 products fail 3.9 % of tries (5 of 129)*\nMost: Payroll 7 % (6/90), Mail 7 % (6/90); 12 more 1-6 %.", "sum"},
		{"*Impact update #47: quiet for 36 min on all 40 products: 30 of 25,925 tries failed, 9.0 % before.*\nNo longer failing: Payroll (0 of 438 since 11:38), Voice (0 of 657 since 11:26).\n51 as usual (8 of 9,180).", "sum"},
		{"*Impact update #48: no longer failing: all 14 products that were hurt, 1 of 1,349 tries failed*\n51 as usual (8 of 9,180).", "sum"},
		{"*6 of 60 products fail 3.9 % of tries (53 of 1,349)*\nNo longer failing: Payroll (0 of 438 since 11:38), Voice (0 of 657 since 11:26) and 3 more.\n50 as usual (3 of 4,372).", "sum"},
		{"*6 of 60 products fail 3.9 % of tries (53 of 1,349)*\n53 as usual (3 of 4,372). Not measured: Ledger (no check), Maps (no result yet).", "sum"},
		{":white_check_mark: Checkout is as usual: 41 of 725 failed (5.7 %)", "usual"},
		{"The 1 product is as usual: 3 of 3 client checks failed", "usual"},
		{":white_check_mark: Checkout fails 5 % of tries (5 of 100)", "level"},
		{"Checkout DOWN: 11 % fail (7/61)", "level"},
		{"Shop is down: 149 of 298 tries failed", "level"},
		{"Shop answers again: the last 7 tries passed. It was down 6 min: 24 of 35 failed.", "level"},
		{"Billing degraded, better: 0 % fail (0/60)", "level"},
		{"Search fails since 10:30 (1 h 30 min)", "span"},
		{"Search fails since 11:50 (4 min)", "span"},
		{"4 of 44 client checks failed in 2 h", "span"},
		{"Same as an hour ago.", "ago"},
		{"Since 11:30 (30 min): worse, 9.8 → 3.9 % of tries (39 of 1,000), the same 14 products.", "turn"},
		{"11:31 fell from 3.9 to 9.8 % of tries.", "turn"},
		{"Since 11:30 (30 min): better, 9.8 → 3.9 % of tries (39 of 1,000), Search as then.\nNothing changed, and nothing was marked.", "turn"},
		{"*5 of 60 products fail 4 % of tries (8 of 200)*\nLikely edge-lb-2: All 2 failing checks use it.", "whole"},
		{":white_check_mark: *Recovered after 15 h 1 min: all 7 products that were hurt, 0 of 4,154 tries failed.*\nImpact: Wed 00:32 UTC to 15:34 UTC (15 h 2 min) on 7 products.", "twice"},
		{"*Impact update #9: quiet for 3 min on all 5 products: 0 of 270 tries failed, 8.0 % before.*\nLikely edge-lb-2: all 21 failing checks use it, none of the 9 others fails.", "twice"},
		{"*3 of 60 products fail 13 % of tries (35 of 260 in 10 min).*\nmail 30 % (18/60), search 10 % (10/100), storage 7.0 % (6/100).", "row"},
		{"No longer failing: Mail (0 of 507 since 07:19 UTC).", "begin"},
		{"Proving the recovery: Mail 40 of about 445 tries, about 8 h 10 min more.", "forecast"},
		{"*Since 11:30 (30 min): all 60 products as usual.*\nNothing changed, and nothing was marked.\n11:40 Mail went down", "idle"},
		{"Likely edge-lb: 1 of the 2 failing checks uses it; of the 1 other, 1 fails.", "whole"},
		{"No longer failing: 15 of 60 products", "whole"},
		{"*All 60 products as usual*\nBilling fails 5 % of tries (5 of 100)", "contradiction"},
		{"*Quiet for 57 min on Mail: 2 of 1,482 tries failed, 6.2 % before.*\nNo incident yet. Not measured: none.\n*1 open incident*", "contradiction"},
		{"*Impact update #3: worse, better than 10 min ago*", "contradiction"},
		{"*2 of 60 products fail 5 % of tries (10 of 200)*\nBilling 5 % (5/100), Mail 5 % (5/100).\nNo longer failing: Mail (0 of 60 since 11:50).", "contradiction"},
		{"Last mark: “restarted lb-3” by <@U0ANA0001>", "mention"},
		{"<!channel> look", "mention"},
		{"*Since 11:37 (23 min): 35 were hurt then; now 40 of 60 products fail 4 % of tries (80 of 2,000 in 10 min).*\n11:42 Promotions, Identity, Stock, Chat failing.\n11:48 Checkout, Mail failing.", "joined"},
		{"*Since 11:37 (23 min): worse, 3.9 → 9.8 % of tries (200 of 2,000), 5 products (3 then).*\n11:42 Promotions, Identity, Stock failing.", "joined"},
		{"*Payroll is degraded: 0 of 90 tries failed in 10 min.* Since 11:40 (20 min).", "rest"},
		{"*4 of 60 products are degraded, and none of the last 360 tries failed.*", "rest"},
		{"*Shop was failing; none of the last 61 tries did, which is no proof yet. Same as 10 min ago.*", "rest"},
		{"*Impact update #9: Mail flaps: down 3 times since 11:40. Chat flaps: down 4 times since 11:41. Mail and Chat fail 20 % of tries (20 of 100).*", "rest"},
		{"*Impact update #9: 5 of 8 products flap: down 3 to 4 times since 11:40, 15 s to 4 min each. 4 of 8 products fail 20 % of tries (20 of 100).*\nNo longer failing: Mail (0 of 60 since 11:50).\n4 as usual (0 of 270).", "sum"},
		{"*Since 11:30 (30 min): 5 products were hurt, none is now; no longer failing: all 5 products that were hurt, 0 of 90 tries failed.*", "rest"},
		{"*mail is down: all 4 tries failed. 4 more products fail 29 % of tries (109 of 380 in 10 min). Same as 10 min ago.*\nmail since 11:59 (2 s): unexpected status.", "rest"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9", "lines"},
		{"All is well!", "mark"},
		{"10∶31", "mark"},
		{"1 products fail", "grammar"},
		{"0 of 1 try were slow", "grammar"},
		{"1 more checks pass (0 of 60)", "grammar"},
		{"14 product are down", "grammar"},
		{"0 of the 0 others fail", "grammar"},
		{"1 action were tried, no of them helped", "grammar"},
		{"updates every 5 min · still learning what is usual for 60 products", "grammar"},
	} {
		s := said
		s.Shown, s.Text = c.shown, c.shown
		found := false
		for _, f := range Read(s) {
			found = found || f.Kind == c.kind
		}
		if !found {
			t.Errorf("%q: %v, want a fault of %s", c.shown, Read(s), c.kind)
		}
	}
	s := said
	s.Pace, s.Shown = 9, "*4 of 60 products fail 32 % of tries (75 of 233 in 10 min)*" // and 360 are those of 10 min
	if got := Read(s); !slices.ContainsFunc(got, func(f Fault) bool { return f.Kind == "pool" }) {
		t.Errorf("%v, want that these are not the tries of 10 min", got)
	}
	s.Pace, s.Told = 0, "Impact update #24: quiet for 2 min on all 5 products: 2 of 91 tries failed, 59 % before."
	for _, shown := range []string{"*5 of 60 products fail 24 % of tries (108 of 450 in 10 min).*", "*Billing fails 1 % of tries (1 of 90 in 10 min).* Since 11:20 (40 min), same as 30 min ago."} {
		s.Shown = shown
		if got := Read(s); !slices.ContainsFunc(got, func(f Fault) bool { return f.Kind == "channel" }) {
			t.Errorf("%q: %v, want that the channel says otherwise", shown, got)
		}
	}
	var story Story
	for i, c := range []struct{ shown, kind string }{
		{"*Impact update #1: 3 of 60 products fail 7.0 % of tries (7 of 100).*", ""},
		{"*Impact update #2: 3 of 60 products fail 5.0 % of tries (5 of 100). Worse than 5 min ago.*", "direction"},
		{"*Impact update #4: 3 of 60 products fail 6.0 % of tries (6 of 100).*", "number"},
		{"*Impact update #5: 5 of 60 products fail 2.0 % of tries (5 of 250).*\nLikely edge: all 16 failing checks use it, none of the 9 others fails.", "whole"},
		{"*Impact update #6: 2 of 60 products fail 2.0 % of tries (2 of 100).*\nBilling 4 % (2/50), Mail 0 % (0/50).", "level"},
		{"*Impact update #7: no longer failing.*\nAbout Payroll: about 8 h 10 min more.", ""},
		{"*Impact update #8: no longer failing.*\nAbout Payroll: about 3 h more.", "forecast"},
	} {
		s := said
		s.At, s.Shown, s.Text = noon.Add(time.Duration(i)*5*time.Minute), c.shown, strings.ReplaceAll(c.shown, "*", "")
		got := story.Next(s)
		if c.kind == "" && len(got) > 0 || c.kind != "" && (len(got) != 1 || got[0].Kind != c.kind) {
			t.Errorf("%q: %v, want one fault of %s", c.shown, got, c.kind)
		}
	}
	// That more are hurt is no rise of what fails; and what is the same has not more.
	for _, c := range []struct{ shown, kind string }{
		{"*Impact update #2: storage, reports and search fail 3.8 % of tries (9 of 240). billing fails 1 % of tries (1 of 80). Worse than 5 min ago.*", "direction"},
		{"*Impact update #2: storage, reports and search fail 3.8 % of tries (9 of 240). billing fails 1 % of tries (1 of 80). Spreading: 1 more in 5 min.*", ""},
		{"*Impact update #2: 4 of 60 products fail 4.2 % of tries (10 of 240). Spreading: 3 more in 5 min.*", "spreading"},
		{"*Impact update #2: 4 of 60 products fail 4.2 % of tries (10 of 240). Same as 5 min ago.*", "same"},
	} {
		story, first, second := Story{}, said, said
		first.Shown = "*Impact update #1: storage, reports and search fail 4.2 % of tries (10 of 240).*"
		first.Text, first.At = strings.ReplaceAll(first.Shown, "*", ""), noon.Add(-5*time.Minute)
		story.Next(first)
		second.Shown, second.Text = c.shown, strings.ReplaceAll(c.shown, "*", "")
		if got := story.Next(second); c.kind == "" && len(got) > 0 || c.kind != "" && (len(got) != 1 || got[0].Kind != c.kind) {
			t.Errorf("%q: %v, want a fault of %s", c.shown, got, c.kind)
		}
	}
	slow, then := Story{}, said
	for i, shown := range []string{"*Impact update #1: 58 of 60 products answer slowly: 49 % of tries (37 of 76).*", "*Impact update #2: all 60 products answer slowly: 46 % of tries (67 of 146). Spreading: 2 more in 1 min.*"} {
		then.At, then.Shown, then.Text = noon.Add(time.Duration(i)*time.Minute), shown, strings.ReplaceAll(shown, "*", "")
		if got := slow.Next(then); len(got) > 0 {
			t.Errorf("%q: %v", shown, got)
		}
	}
	s = said
	s.Shown, s.Text = "*Impact update #1: Search fails*\nas of <!date^1^{time_secs}|17:24:15 UTC> · next 17:24:30 UTC", "Impact update #1: Search fails. As of 17:24 UTC, next 17:24 UTC."
	if got := Read(s); len(got) != 1 || got[0].Kind != "plain" {
		t.Errorf("%v, want that the notification has another time", got)
	}
	s.Shown, s.Text = "*Impact update #1: Search fails*", "Search fails"
	if got := Read(s); len(got) != 1 || got[0].Kind != "notification" {
		t.Errorf("%v, want that the notification says less", got)
	}
}

// TestAnswersAddUp: the rows of an answer are what its first line sums up, and the answers of
// one instant say the same of a product and of all.
func TestAnswersAddUp(t *testing.T) {
	const all = "*Accounts, search and billing fail 2.3 % of tries (5 of 221 in 10 min).*\n:large_orange_diamond: accounts 5 % (4/81) since 11:11\n:large_orange_diamond: search 2 % (1/60) since 11:12\n:large_orange_diamond: billing 0/80 since 11:14\n:white_check_mark: No failure in 10 min (120 tries): mail"
	const one = "*search fails 2 % of tries (1 of 60 in 10 min; 0-9 %), usually 0.1 %.* Since 11:12 (48 min).\n```\nsearch/home  5 %  1/20  time-out\n```\n2 more checks pass (0 of 40). Median 71 ms."
	read := func(shown string) []Fault {
		s := said
		s.Shown, s.Text, s.Long = shown, strings.ReplaceAll(shown, "*", ""), true
		return Read(s)
	}
	for shown, kind := range map[string]string{all: "", one: "", strings.Replace(all, "4/81", "4/82", 1): "row", strings.Replace(one, "0 of 40", "0 of 60", 1): "row", strings.Replace(one, "1/20", "2/40", 1): "row"} {
		if got := read(shown); kind == "" && len(got) > 0 || kind != "" && (len(got) != 1 || got[0].Kind != kind) {
			t.Errorf("%q: %v, want %q", shown, got, kind)
		}
	}
	for want, list := range map[int][]string{0: {all, one, "*All of it*\nMost: search 2 % (1/60)."}, 1: {all, strings.Replace(one, "1 of 60", "2 of 60", 1)},
		2: {"*3 of 60 products fail 2.3 % of tries (5 of 221).*", "*3 of 60 products fail 2.7 % of tries (6 of 221).*", "*3 of 60 products fail 2.3 % of tries (5 of 221).*"}} {
		var together []Said
		for _, shown := range list {
			together = append(together, Said{Shown: shown})
		}
		if got := Together(together); len(got) != want {
			t.Errorf("%q: %v, want %d faults", list, got, want)
		}
	}
}

// TestNewsIsAPost: what is new is no edit, what is old no post, and the opposite does not
// follow a moment later.
func TestNewsIsAPost(t *testing.T) {
	const first = "*Impact update #1: Mail fails 70 % of tries (70 of 100).*"
	for _, c := range []struct {
		shown string
		post  bool
		after time.Duration
		kind  string
	}{
		{"*Impact update #2: Mail is down: all 30 tries failed.*", false, 5 * time.Minute, "news"},
		{"*Impact update #2: Mail is down: all 30 tries failed.*", false, 30 * time.Second, ""},
		{"*Impact update #2: Mail is down: all 30 tries failed.*", true, 5 * time.Minute, ""},
		{"*Impact update #2: Mail fails 70 % of tries (70 of 100). Same as 5 min ago.*", true, 5 * time.Minute, "repeat"},
		{"*Impact update #2: Mail fails 70 % of tries (70 of 100). Same as 30 min ago.*", true, 30 * time.Minute, ""},
		{"*Impact update #2: Mail fails 71 % of tries (71 of 100).*", true, 5 * time.Minute, ""},
	} {
		var story Story
		s := said
		s.Post, s.Shown, s.Text = true, first, strings.ReplaceAll(first, "*", "")
		s.Opened = noon.Add(-time.Hour)
		story.Next(s)
		s.Post, s.At, s.Shown, s.Text = c.post, noon.Add(c.after), c.shown, strings.ReplaceAll(c.shown, "*", "")
		if got := story.Next(s); c.kind == "" && len(got) > 0 || c.kind != "" && (len(got) != 1 || got[0].Kind != c.kind) {
			t.Errorf("%q after %v: %v, want %q", c.shown, c.after, got, c.kind)
		}
	}
	var stepped Story
	for i, shown := range []string{"*Impact update #1: better. Mail fails 8 % of tries (7 of 92), 30.6 % until 11:58.*", "*Impact update #2: Mail fails 23 % of tries (104 of 460 in 10 min). Same as 10 min ago.*"} {
		s := said
		s.At, s.Shown, s.Text = noon.Add(time.Duration(i)*2*time.Minute), shown, strings.ReplaceAll(shown, "*", "")
		if got := stepped.Next(s); i == 0 && len(got) > 0 || i == 1 && (len(got) != 1 || got[0].Kind != "same") {
			t.Errorf("%q: %v", shown, got)
		}
	}
	var story Story
	for i, shown := range []string{"*Impact update #1: Mail fails 70 % of tries (70 of 100). Worse than 5 min ago.*", "*Impact update #2: Mail fails 40 % of tries (40 of 100). Better than 5 min ago.*"} {
		s := said
		s.At, s.Shown, s.Text = noon.Add(time.Duration(i)*2*time.Minute), shown, strings.ReplaceAll(shown, "*", "")
		if got := story.Next(s); i == 0 && len(got) > 0 || i == 1 && (len(got) != 1 || got[0].Kind != "opposite") {
			t.Errorf("%q: %v", shown, got)
		}
	}
}

// TestWhatSoonTurnsIsFound: an edit that takes back a post, an end after which it goes on, and
// a promise that is not kept.
func TestWhatSoonTurnsIsFound(t *testing.T) {
	for _, c := range []struct {
		shown [2]string
		after time.Duration
		kind  string
	}{
		{[2]string{"*Impact update #1: better. Mail fails 4.2 % of tries (8 of 192), 22 % until 11:50.*", "*Impact update #2: worse. Mail fails 25 % of tries (6 of 24), 1.2 % until 11:59.*"}, 30 * time.Second, "news"},
		{[2]string{"*Updates end. 59 of 60 products as usual: 3 of 440 tries failed in 10 min. Not clear yet: Mail (3 of 3 tries failed in 2 s) (update #1).*", "*Impact update #2: Mail fails 100 % of tries (5 of 5).*"}, 2 * time.Second, "end"},
		{[2]string{"*Updates end. 60 of 60 products as usual: 3 of 440 tries failed in 10 min (update #1).*", "*Impact update #2: Mail fails 100 % of tries (5 of 5).*"}, 5 * time.Minute, ""},
		{[2]string{"*Impact update #1: Mail fails 2 % of tries (1 of 60).*\nNo failure for 51 of about 52 results needed.", "*Impact update #2: Mail fails 0 % of tries (0 of 60).*\nNo failure for 81 of about 82 results needed."}, 5 * time.Minute, "forecast"},
		{[2]string{"*Impact update #1: Mail fails 2 % of tries (1 of 60).*\nNo failure for 51 of about 90 results needed.", "*Impact update #2: Mail fails 2 % of tries (1 of 50).*\nNo failure for 81 of about 90 results needed."}, 5 * time.Minute, ""},
	} {
		var story Story
		for i, shown := range c.shown {
			s := said
			s.Opened, s.Post, s.At, s.Shown, s.Text = noon.Add(-time.Hour), i == 0, noon.Add(time.Duration(i)*c.after), shown, strings.ReplaceAll(shown, "*", "")
			got := slices.DeleteFunc(story.Next(s), func(f Fault) bool { return f.Kind != "news" && f.Kind != "end" && f.Kind != "forecast" })
			if want := i == 1 && c.kind != ""; want != (len(got) == 1 && got[0].Kind == c.kind) || !want && len(got) > 0 {
				t.Errorf("%q: %v, want %q", shown, got, c.kind)
			}
		}
	}
}

// TestWhoJoinedIsNotMiscounted: what changes its level or has left has not joined, and what rests was hurt as well.
func TestWhoJoinedIsNotMiscounted(t *testing.T) {
	for _, c := range []struct {
		lines string
		fault bool
	}{
		{"09:12 Promotions failing.", true},
		{"09:12 Promotions mostly failing.", false},
		{"09:12 Promotions no longer mostly failing.\n09:14 Identity mostly failing.", false},
		{"09:12 Promotions no longer failing.\n09:14 Identity failing.", false},
	} {
		p := page{head: "Since 09:10 (20 min): 7 were hurt then, 7 are now: 4 of 7 products fail 53 % of tries (187 of 353).", lines: append([]string{""}, strings.Split(c.lines, "\n")...)}
		if got := joined(p); (len(got) > 0) != c.fault {
			t.Errorf("%q: %v", c.lines, got)
		}
	}
	rests := page{head: "search and accounts fail 2.0 % of tries (4 of 201). billing was failing; none of the last 60 tries did, which is no proof yet."}
	if rests.oneGroup() {
		t.Error("what rests is left out of what is hurt")
	}
}

// What the design shows is right.
func TestTheDesignHasNoFault(t *testing.T) {
	for _, shown := range []string{
		"*Impact update #33: 14 of 60 products fail 3.9 % of tries (53 of 1,349). Same as 10 min ago.*\nSince <!date^1^{time}|11:32 UTC> (28 min) · as of 12:00 · next 12:05\nLikely edge-lb-2: all 112 failing checks use it, none of the 488 others fails.\n" +
			"Tried: 11:50 “restart!” (Ana): no discernible effect, 8.3 → 8.6 % (difference 0.2 ± 1.3 points).\nMost: Payroll 7 % (6/90), Mail 7 % (6/90), Reports 6 % (6/100); 9 more 1-6 %; Chat 2/4, Voice 1/3.\n45 as usual (3 of 4,372). Not measured: Ledger.",
		"*Quiet for 10 min on all 14 products: 1 of 1,349 tries failed, 3.9 % before.*\nSince 11:31. Proof in about 40 min; I say so then, or at once if it returns.",
		"*Impact update #47: quiet for 36 min on all 40 products: 30 of 25,925 tries failed, 9.0 % before.*\nNo longer failing: Payroll (0 of 438 since 11:38), Voice (0 of 657 since 11:26) and 33 more.\n20 as usual (8 of 9,180).",
		"*Impact update #3: accounts answers slowly: 66 % of tries (40 of 61), and 3 % fail (2).*\n59 as usual (0 of 220).",
		"*6 of 60 products fail 3.9 % of tries (53 of 1,349)*\nNo longer failing: Payroll (0 of 438 since 11:38), Voice (0 of 657 since 11:26) and 3 more.\n48 as usual (3 of 4,372). Not measured: Ledger.",
		"*Checkout answers again: the last 7 tries passed (11:39-11:40). It was down 7 min: 41 of 41 failed.*",
		"*Recovered: all 14 products are below 1 % with 99 % confidence (2 of 5,410 since 11:31).*",
		"*Checkout is down: all 34 tries failed. 13 more products fail 3.9 % (48 of 1,240).*\nCheckout since 11:57 (3 min): connection refused. Nobody can pay.",
		"*All 60 products as usual: 12 of 34,020 tries failed in 10 min.*",
		"*Quiet for 57 min on all 60 products: 2 of 1,482 tries failed, 6.2 % before.*\nNo incident yet. Not measured: none.",
	} {
		s := said
		s.Shown, s.Text = shown, strings.ReplaceAll(shown, "*", "")
		if got := Read(s); len(got) > 0 {
			t.Errorf("%q: %v", shown, got)
		}
	}
}

// What a report says in two places and that differs is found.
func TestFaultsOfAReport(t *testing.T) {
	const good = "# Acme\n\n**Tue 3 Mar 2026 14:32 to Wed 4 Mar 05:12 (14 h 40 min), UTC**\n\n1. 2 of 5 products failed 5.8 % of client checks (58 of 1,000); none was down.\n\n" +
		"| Product | Failed | Of tries | From | To | Worst 10 min |\n|---|---|---|---|---|---|\n| Mail | 8 % | 40/500 | Tue 14:32 | Wed 05:10 | 9 % |\n| Search | 3.6 % | 18/500 | Tue 14:36 | Wed 05:12 | 7 % |\n\n" +
		"| Product | Owner | Hurt for | Of this down | Failed client checks | When |\n|---|---|---|---|---|---|\n| Mail | a | 14 h 38 min | none | 40 of 500 (8 %) | degraded |\n"
	read := func(shown string) []Fault {
		s := said
		s.Shown, s.Long = shown, true
		return Report(s)
	}
	if f := read(good); len(f) > 0 {
		t.Errorf("a good one: %v", f)
	}
	for _, c := range [][3]string{
		{"05:12 (14 h 40 min)", "05:25 (14 h 53 min)", "whole"},
		{"40/500", "41/500", "sum"},
		{"| 14 h 38 min |", "| 15 h 38 min |", "whole"},
		{"none was down.", "0 of the 0 failing checks use it.", "grammar"},
	} {
		if f := read(strings.Replace(good, c[0], c[1], 1)); len(f) == 0 || f[0].Kind != c[2] {
			t.Errorf("%s: %v, want a fault of %s", c[1], f, c[2])
		}
	}
}
