package bot

import (
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// company has names as companies have them: of several words, with dashes, with
// letters that not every keyboard has.
func company() status.Definition {
	return status.Definition{
		Products: []status.Product{{ID: "billing", Name: "Billing", Owner: "payments"}, {ID: "search", Name: "Search", Owner: "Chandra Rao"}, {ID: "mail", Name: "Mail", Owner: "Ben Miller"}, {ID: "data-lake", Name: "Data Lake"},
			{ID: "kundenkonto", Name: "Kundenkonto Österreich"}, {ID: "cafe", Name: "Café Müller"}, {ID: "eu-west-api", Name: "API (EU West)"}, {ID: "notifications", Name: "Notifications"},
			{ID: "payroll", Name: "Payroll", Owner: "Chandra Rao"}, {ID: "check-out", Name: "Check-out"}, {ID: "launchpad", Name: "🚀 Launchpad"}},
		Components: []status.Component{{ID: "edge-lb-2"}, {ID: "aws"}, {ID: "lb-3", Name: "Load Balancer 3"}},
		Checks:     []checks.Check{{ID: "pay", Product: "billing"}, {ID: "ledger-write", Product: "billing"}, {ID: "query", Product: "search"}},
	}
}

// understood is what a phrase is taken for, in short: "billing", "billing/pay",
// "a|b" to choose from, "all", "help", "stop", "stop ? billing" where it is asked
// back, "? billing" where it is not understood and something is near.
func understood(def status.Definition, text string) string {
	r := readWords(def, text)
	if r.verb != "product" {
		verb := r.verb
		if verb == "" {
			verb = "all"
		}
		if ignored := r.ignored(); ignored != "" {
			return verb + " ? " + ignored
		}
		if r.verb != verbNow {
			return verb
		}
		if _, ok := find(def, r.words).one(); ok {
			return find(def, r.words).say() + " now"
		}
	}
	what, f := senseOf(def, r)
	if what == sensesNothing {
		return strings.TrimSpace("? " + meant(def, r.rest, verbs))
	}
	names := map[sense]string{sensesAll: "all", sensesGreeting: "hello", sensesHelp: "help", sensesList: "list", sensesCause: "cause", sensesChecks: "checks", sensesOnCall: "oncall", sensesVersion: "version", sensesPage: "page"}
	if what == sensesWord {
		return "means " + f.rest
	}
	if name := names[what]; name != "" {
		return strings.TrimSpace(name + f.aside.inShort())
	}
	switch what {
	case sensesPart:
		if len(f.named()) > 0 {
			return strings.Join(f.part, "|") + " together"
		}
		return strings.Join(f.said, " and ") + strings.Join(f.out, "|") + " apart"
	case sensesSuspect:
		return strings.Join(strings.Fields("suspects "+strings.Join(f.part, "|")+strings.Repeat(" ? ", min(len(f.rest), 1))+f.rest), " ")
	}
	return f.say() + f.aside.inShort()
}

// inShort is what stands beside: " ! restart" is not done, " @ 13:50" is no time that
// the figures are of, " < watch billing" stood behind.
func (a aside) inShort() string {
	switch {
	case a.unknown != "":
		return " ? " + a.unknown
	case a.days && a.then == "":
		return " @ days"
	case a.then != "":
		return " @ " + a.then
	case a.order != "":
		return " ! " + a.order
	case a.verb != "":
		return " < " + a.verb
	}
	return ""
}

// phrases are what people type, by what is to be understood.
var phrases = map[string][]string{
	"all": {"", " ", "status", "Status?", "STATUS!", "status please", "@statusbot status", "@statusbot: status?", "*status*", "`status`", "how are we doing", "how's it going?",
		"is everything ok", "is everything okay?", "are we up", "are we down?", "is anything down?", "anything down", "what's down", "whats down?", "what is broken?", "what's wrong", "overall status", "status of everything",
		"status of all products", "show me all products", "any incidents?", "what's the status", "what’s the status?", "current status", "give me the status", "summary", "overview", "is there an outage", "are there any problems right now?",
		"how is everything?", "status now?", "what is the impact", "who is affected?", "everything", "/status", "/statusbot status", "status update", "update?", "updates?", "what is happening", "what's happening?", "what's going on?", "what is going on"},
	"billing": {"billing", "Billing", "BILLING", "billing?", "billing??", "billing.", "billing...", "billing…", "billing!", "*billing*", "_billing_", "~billing~", "`billing`", "*Billing?*", "```billing```", "\"billing\"", "'billing'",
		"“billing”", "„billing“", "«billing»", "(billing)", "[billing]", "<billing>", "#billing", ": billing", ", billing", "- billing", "> billing", "@statusbot billing", "@statusbot, billing", "@statusbot: billing?", "hey @statusbot billing",
		"@ben @statusbot billing", "/statusbot billing", "/status billing", "hi, how is billing?", "Hello! Is billing ok?", "is billing down?", "billing down?", "is billing up", "billing ok?", "how's billing", "how’s billing doing?",
		"what about billing?", "and billing?", "billing's status", "billing’s status", "billings", "status billing", "status of billing", "the status of billing please", "show billing", "show me billing", "tell me about billing",
		"check billing", "can you check billing?", "could you look at billing please", "anything wrong with billing?", "is there a problem with billing", "why is billing down?", "why does billing fail", "what's up with billing",
		"what is going on with billing", "what happened to billing", "billing, please", "billing thanks", "ok billing", "billing status", "billing health", "billing product", "product billing", "billing service", "our billing", "bililng", "biling",
		"is billing still slow?", "is billing back?", "billing again", "billing :eyes:", "drill billing", "drill down billing", "details billing", "billing details", "info billing", "billing info", "get billing", "explain billing"},
	"billing/pay":                  {"billing pay", "billing/pay", "billing.pay", "billing:pay", "billing > pay", "billing-pay", "billing pay?", "pay", "Pay.", "`pay`", "is billing pay ok?", "check billing pay", "billing's pay"},
	"billing/ledger-write":         {"billing ledger-write", "ledger write", "ledger-write", "ledger_write", "Ledger Write?", "ledgerwrite", "billing/ledger-write"},
	"data-lake":                    {"data lake", "Data Lake", "data-lake", "data_lake", "datalake", "DataLake", "data lake?", "is the data lake ok?", "data lake's status", "the data-lake"},
	"kundenkonto":                  {"kundenkonto", "Kundenkonto Österreich", "oesterreich", "osterreich", "ÖSTERREICH", "kundenkonto oesterreich?"},
	"cafe":                         {"cafe", "café", "Cafe Muller", "cafe mueller", "Müller", "is cafe müller ok"},
	"eu-west-api":                  {"api", "eu west", "api eu west", "eu-west-api", "eu west api", "API (EU West)", "the api"},
	"notifications":                {"notifications", "notification", "notif", "is notification ok?", "notifcations"},
	"billing|search together":      {"billing and search", "billing, search", "billing & search", "billing search", "billing + search", "how are billing and search?", "compare billing with search", "billing or search", "billing/search", "is billing or search down?"},
	"billing|search|mail together": {"billing, search and mail", "billing search mail", "billing, search & mail?", "@statusbot billing, search, mail"},
	"billing now":                  {"billing now", "billing now!", "is billing ok now?", "billing now please", "probe billing now"},
	"billing/pay now":              {"billing pay now"},
	"help":                         {"help", "Help!", "help me", "?", "??", "-h", "--help", "what can you do?", "how does this work?", "commands", "h", "usage", "@statusbot help", "hi, what can you do?", "help please"},
	"hello":                        {"hey statusbot", "@statusbot", "👍", ":+1:", "hi", "Hi!", "hello", "hello there", "hey", "good morning", "hi all", "thanks", "thank you!", "thx", "ty", "hallo", "moin", "ok", "ok thanks", "great", "cool", "nice", "good bot", "perfect, thanks"},
	"list":                         {"list", "ls", "list products", "list all products", "which products are there?", "what products do you know", "products?", "which products do you watch?"},
	"cause":                        {"cause", "why", "why?", "why is it down", "why is it failing?", "what is the cause?", "what's the cause", "what is causing this?", "root cause", "what's the root cause?", "likely cause"},
	"checks":                       {"checks", "list checks", "which checks?", "probes", "all checks"},
	"stop":                         {"stop", "Stop.", "please stop", "stop updates", "stop the updates please", "@statusbot stop"},
	"stop ? billing":               {"stop billing", "stop billing please", "stop updates billing"},
	"stop ? it now":                {"stop it now"},
	"every":                        {"every 5m", "every 5 min", "every five minutes", "updates every 10 minutes please", "set updates every 5m", "every hour"},
	"since":                        {"what did I miss?", "what changed?", "what's new?", "what changed since yesterday please", "since 13:50", "since yesterday", "what changed since 13:50", "what happened since 13:50?", "what's new since 1h", "what did I miss since 01:30"},
	"more":                         {"more", "more often", "more often please", "more updates"},
	"ack":                          {"ack billing", "acknowledge billing", "please acknowledge", "@statusbot acknowledged billing"},
	"watch":                        {"watch billing", "subscribe billing", "subscribe to billing", "follow billing"},
	"unwatch":                      {"unwatch billing", "unsubscribe billing", "unfollow billing"},
	"mute":                         {"mute billing 1h", "silence billing for 1h", "snooze billing 30m"},
	"severity":                     {"severity 2", "sev 2", "sev2", "SEV-1"},
	"less":                         {"less", "less often", "fewer updates"},
	"timeline":                     {"timeline", "show timeline", "the timeline", "show me the timeline", "timeline please"},
	"report":                       {"report", "the report please", "show me the report", "Report?", "give me the report"},
	"oncall":                       {"oncall", "on call", "who is on call?", "who's on call", "whos oncall for billing"},
	"? billing":                    {"bilinng"},
	"?":                            {"foo", "xyzzy", "42", "lorem ipsum"},
}

// lateAtNight are what people type at half past one, by what is to be understood:
// with slips of the finger, of what was done, and of what they wish.
var lateAtNight = map[string][]string{
	"report": {"report bitte"},
	"all": {"since when", "since when?", "whats broken", "any update", "any updates on this?", "how bad is it", "is it over?", "is it fixed?", "is it fixed yet", "eta?", "when will it be fixed", "how many users affected", "how many customers are affected?", "when did it start", "when did this begin?", "all clear?", "resolved",
		"incident over", "stauts", "statu", "staus?", "sttaus", "satus", "stats", "502", "getting 502s", "just me?", "other people seeing timeouts?"},
	"billing": {"is billing on fire", "billing 502 errors", "billing timing out?", "getting 503s from billing", "timeouts on billing", "billng staus", "staus billing", "stauts of billing?", "is it just me or is billing slow", "when did billing start failing",
		"billing 🔥", "is “billing” down??", "‘billing’", "more about billing"},
	"sources":                           {"figures", "Figures", "figures billing"},
	"timeline":                          {"history", "events", "log"},
	"help":                              {"hilfe", "Hilfe!", "aide", "ayuda"},
	"watch":                             {"tell me when billing is back", "notify me when billing recovers", "let me know when billing is back up please", "dm me once billing is ok", "ping me if billing fails", "can you tell me when billing works again"},
	"? mark restarted lb-3":             {"restarted lb-3", "I restarted lb-3", "we just restarted lb-3", "restarted lb-3 please", "I've restarted lb-3"},
	"? mark rolled back billing":        {"rolled back billing", "we rolled back billing"}, // and not how billing is
	"? mark 5 min ago restarted lb-3":   {"5 min ago restarted lb-3"},
	"? mark restarted lb-3 5 min ago":   {"restarted lb-3 5 min ago"},
	"? mark failed over to dc2":         {"failed over to dc2", "just failed over to dc2"},
	"? stop":                            {"resolve", "close incident", "end the incident", "Close it."}, // named, not done
	"? start":                           {"open incident", "declare an incident", "new incident"},
	"? unmark":                          {"undo", "undo this", "undo that please", "that mark was wrong"},
	"? less":                            {"shut up", "be quiet", "too many updates!"},
	"? report":                          {"postmortem", "post-mortem", "pdf"},
	"billing|search together":           {"billing and search on fire"},
	"? mark 13.50 restarted billing db": {"13.50 restarted billing db"},
}

// atHalfPastOne are what engineers, those of support and managers type in the night: what
// is left out, who is called, times, orders, the words of other bots and languages.
var atHalfPastOne = map[string][]string{
	"billing apart": {"everything but billing", "all but billing", "all except billing", "everything except billing please", "without billing", "not billing", "other than billing?", "apart from billing", "besides billing what else is broken?",
		"is anything other than billing down", "alles außer billing", "tout sauf billing", "todo menos billing", "anything but the billing?"},
	"billing|search apart": {"all but billing and search", "everything except billing, search", "neither billing nor search", "not billing or search"},
	"Chandra Rao apart":    {"chandra", "Chandra", "Chandra Rao", "chandra rao?", "chandra's products", "what does chandra own", "rao"},
	"Ben Miller apart":     {"ben miller", "ben's", "how are ben's products"},
	"payments apart":       {"payments", "team payments", "the payments team", "how is the payments team doing?"},
	"billing": {"billing @ben", "billing @Ben Miller", "@ben billing", "billing @ben is it ok?", "who owns billing", "owner of billing", "who is responsible for billing", "who's on billing", "who acked billing", "billing isn't working", "is billing not ok",
		"only billing", "is only billing down?", "just billing", "billing error rate", "p95 of billing", "billing chart", "graph billing", "billing cause", "why billing?",
		"ist billing kaputt?", "billing geht nicht", "billing funktioniert nicht", "billing tot?", "was ist mit billing los", "läuft billing wieder?", "seit wann ist billing kaputt", "billing bitte", "wie geht es billing", "billing gestört",
		"billing est en panne ?", "est-ce que billing marche", "billing ne marche pas", "billing hors service", "¿está caído billing?", "qué pasa con billing", "billing caído", "hola, billing", "billing por favor"},
	"billing|search together": {"billing und search", "billing et search", "billing y search", "billing ou search", "billing,search", "billing;search"},
	"billing|search":          {"billing/pay vs search/query"},
	"mail":                    {"mail doesn't work", "is mail not working?", "can't mail", "mail won't work", "mail is back?", "wann läuft mail wieder"},
	"check-out":               {"check-out", "checkout", "check out", "Checkout?", "is checkout ok", "chekout"},
	"launchpad":               {"🚀", "🚀 ok?", "launchpad", "🚀 launchpad", "is 🚀 down?"},
	"cafe":                    {"cafe-muller", "café müller ok?"},
	"kundenkonto":             {"Kundenkonto-Österreich", "das kundenkonto", "kundenkonto kaputt"},
	"since": {"13:50", "13:50?", "at 13:50", "13.50", "13h50", "a 13h50", "à 13h50", "since à 13h50", "01:30", "1:30am", "1:30 pm", "2h", "30m", "5 min", "an hour ago", "10 minutes ago", "yesterday", "yesterday 18:00", "last night", "monday", "monday 9am",
		"seit 13:50", "depuis 13h50", "desde 13:50", "seit 18:00 bitte", "what happened at 13:50", "what happened around 01:30?", "what changed after 13:50", "was hat sich seit 13:50 geändert", "was ist seit 13:50 passiert", "quoi de neuf ?", "was gibt's neues"},
	"billing @ 13:50":                    {"billing at 13:50", "billing since 13:50", "13:50 billing", "billing 13:50", "how was billing at 13:50?"},
	"billing @ last 30 min":              {"billing last 30 min"},
	"billing @ yesterday":                {"billing yesterday", "how was billing yesterday?", "compare billing to yesterday"},
	"billing @ this month":               {"how available was billing this month"},
	"billing ! restart":                  {"restart billing", "can you restart billing please", "please restart billing", "someone restart billing", "Restart the billing!"},
	"billing ! rollback":                 {"rollback billing", "roll back billing", "can we roll back billing?"},
	"billing ! fix":                      {"fix billing", "please fix billing"},
	"billing ! page":                     {"page billing", "please page billing"},
	"billing ! escalate":                 {"escalate billing", "escalate to billing"},
	"billing ! resolve":                  {"resolve billing"},
	"billing ! delete":                   {"delete billing"},
	"billing < watch billing":            {"billing watch", "billing subscribe please"},
	"billing < mute billing 1h":          {"billing mute 1h"},
	"billing < ack billing":              {"billing ack"},
	"billing < mark restarted db":        {"billing mark restarted db"},
	"billing < timeline":                 {"billing timeline", "billing history"},
	"billing < report":                   {"billing report"},
	"oncall ! page":                      {"escalate", "page someone", "please escalate this", "page on-call", "call someone", "wake up chandra", "please page ben", "call the vendor"},
	"oncall":                             {"wer hat Bereitschaft?", "qui est d'astreinte ?", "quién está de guardia", "who do i call", "who should I page?", "billing oncall"},
	"? since 13:50":                      {"1350", "1350?"},
	"suspects aws":                       {"aws", "is it us or aws", "is it us or aws?", "is aws down", "aws?", "ist das bei uns oder bei aws"},
	"suspects edge-lb-2":                 {"edge-lb-2", "is it edge-lb-2?", "is edge-lb-2 the cause", "edge lb 2"},
	"suspects lb-3":                      {"is it lb-3", "is load balancer 3 the cause?"},
	"suspects ? dns":                     {"is it dns", "is it DNS?", "ist es dns?", "c'est dns ?"},
	"suspects ? network":                 {"is it the network", "maybe it's the network"},
	"suspects":                           {"is it them", "which region?", "what region is affected"},
	"hello":                              {"test", "Test.", "testing", "ping", "pong", "yes", "sorry", "oops", "lol", "never mind", "guten abend", "merci", "gracias", "¡buenos días!"},
	"timeline":                           {"marks", "list marks", "show me the marks", "what was tried?", "what have we tried", "what did we try", "actions", "notes"},
	"sources":                            {"where did you get that?", "where did you get that data", "how do you know that?", "from where do you measure"},
	"watch":                              {"watch me", "dm me", "notify me please", "ping me when it's fixed", "let me know when it's over"},
	"severity":                           {"sev 1 please", "severity 2 please"},
	"severity ? billing is down":         {"sev1 billing is down", "SEV1: billing is down"},
	"stop":                               {"stop bitte", "stop merci"},
	"every":                              {"set interval 5 min", "interval 10m"},
	"all":                                {"what else is broken", "anything else down?", "was ist los?", "alles ok?", "was ist kaputt", "ça marche ?", "tout va bien ?", "todo bien?", "is this a false alarm?", "is it real", "are you sure", "how sure are you?", "next update?", "when is the next update", "how often do you update", "refresh", "send update", "update now", "error rate", "graph", "customer impact", "which customers are affected", "blast radius?", "what should I tell the CEO", "which products are down?", "which services are failing", "what works", "what's red", "we're back", "it isn't working", "wtf is going on", "are we screwed", "is it us?", "it's down", "previous incident"},
	"? less":                             {"slow down", "Slow down!"},
	"? more":                             {"speed up"},
	"? severity 1":                       {"p1", "P1!", "priority 1"},
	"? mark ca. 13:50 restarted lb-3":    {"ca. 13:50 restarted lb-3"},
	"? mark around 13:50 restarted lb-3": {"around 13:50 restarted lb-3"},
	"? mark ca 13:50 lb-3 neu gestartet": {"ca 13:50 lb-3 neu gestartet"},
	"? mark à 13h50 redémarré lb-3":      {"à 13h50 redémarré lb-3"},
	"? mark restarted lb-3 ca. 13:50":    {"restarted lb-3 ca. 13:50"},
	"? mark restarted lb-3":              {"restart lb-3", "please restart lb-3"},
	"?":                                  {"/pagerduty", "no longer", "<script>alert(1)</script>", "la facturation", "{{7*7}}", "confirm", "worst"},
	"mark":                               {"mark ca. 13:50 restarted lb-3", "mark à 13h50 redémarré lb-3", "mark restarted lb-3 vor 5 min"},
}

// inPassing are what different people type in one night: another app's command, what was
// done, days and months, times as they are said, greetings of other languages.
var inPassing = map[string][]string{
	"?":                       {"/giphy fire", "/giphy billing fire", "/zoom", "/remind me in 5 min", "/poll \"billing or search?\"", "ticket 4711", "JIRA-123", "1", "#2", "rm -rf /", "exit", "change log"},
	"billing|search together": {"how are billing and search doing", "billing + search please"},
	"timeline": {"has anyone restarted lb-3", "has anyone restarted lb-3 yet?", "did anyone restart lb-3", "did somebody restart billing?", "has anybody rolled back billing", "who deployed last", "who restarted billing?", "what was deployed", "any deploys?",
		"last deploy", "recent changes", "did ben restart billing", "was lb-3 restarted", "what did ben do", "what has ana tried", "did we fail over? was dc1 drained?"},
	"all @ this month":     {"uptime this month", "uptime this month?", "how was it this month"},
	"all @ last month":     {"availability last month"},
	"all @ yesterday":      {"how was it yesterday", "error rate yesterday"},
	"all @ days":           {"uptime", "sla", "SLO?", "what is our sla"},
	"billing @ last month": {"uptime of billing last month"},
	"means degraded":       {"what does degraded mean", "what does degraded mean?", "degraded means what", "define degraded", "meaning of degraded", "was bedeutet degraded", "explain degraded"},
	"means quiet":          {"what does quiet mean here"},
	"means not measured":   {"what does not measured mean", "what does unknown mean"},
	"means as usual":       {"what does \"as usual\" mean"},
	"means likely cause":   {"what does likely cause mean"},
	"version":              {"version", "version?", "which version are you", "what version"},
	"page":                 {"dashboard", "show me the dashboard", "dashboard please", "where is the page", "web page", "statuspage"},
	"since":                {"since half past one", "half past one", "quarter to two", "a quarter past one", "10 to 2", "halb zwei", "viertel nach zwei", "13 Uhr", "13 Uhr 50", "seit 13 Uhr", "since 1:30 last night", "1:30 last night", "last night at 10", "since 1,5h"},
	"hello":                {"olá", "ola", "oi", "hej", "salam", "سلام", "こんにちは", "привет", "你好", "buenas", "goodnight", "gn", "u there?", "knock knock", "bot", "lgtm", "done", "+1", "me too", "same here", "confirmed", "roger", "copy that", "...", "…", "!", "🔥", "👀"},
	"help":                 {"SOS", "are you a bot?"},
	"billing":              {"when did billing go down", "since when is billing broken", "when did billing break", "trend billing", "customers are complaining about billing", "ERROR 2026-11-30T01:23:45Z billing-api connect: connection refused", "https://billing.example.com/health", "hey bot, billing?", "/billing", "$ ping billing"},
	"all":                  {"is it getting better", "is it getting worse?", "better or worse?", "improving?", "trend", "when did it break", "who broke it", "how long will it take", "can i go to bed", "customers complain", "504 Gateway Timeout", "ECONNREFUSED", "the site is down", "website is slow", "is prod ok", "nothing works", "app is slow", "tl;dr", "tldr", "summarize", "false positive?", "no change", "explain"},
	"oncall":               {"who is the incident commander", "who is in charge?", "who is ic"},
	"sources":              {"csv", "raw data", "download"},
	"watch":                {"wake me when billing is back", "page me if billing goes down", "lmk when billing is fixed", "call me if it gets worse"},
	"? stop":               {"turn off alerts", "turn it off", "leave channel"},
	"data-lake":            {"data lale"},
	"? help":               {"hlep"},
	"mute":                 {"mute billing Mon-Fri 03:00-03:30 backups", "mute billing tonight at 10 for 1h patches"},
}

// wokenUp are what people type who were woken by it.
var wokenUp = map[string][]string{
	"search|mail together":    {"searhc nd mail", "searhc and mail", "serach, mail", "search nd mail"},
	"mail|search together":    {"mail and serach", "mail searhc"},
	"billing|search together": {"bililng and search"},
	"search ? mial":           {"mial and search"},
	"billing ? foo":           {"billing and foo", "foo und billing"},
	"suspects lb-3":           {"load balancer", "is the load balancer down?"},
	"suspects ? slack":        {"slack", "is slack down?"},
	"suspects ? database":     {"the database"},

	"? severity sev1": {"make it sev1", "set it to sev1", "this is a sev1", "raise it to sev1 please"},
	"? severity sev2": {"downgrade to sev2", "set the severity to sev2"},
	"? severity p1":   {"make this a p1"},
	"ack":             {"I'll take it", "i'll take this", "I got this", "we can take it", "I've got it"},
	"watch":           {"only tell me when it's over", "just ping me when it's fixed"},
	"? less":          {"why so many messages", "so many messages!"},
	"cause":           {"why did you wake me", "why was I woken?"},
	"all":             {"has this happened before?", "did this happen before"},
	"?":               {"remind me at 2", "share this in #general", "I have a question", "I take the bus"},
}

// TestPhrases: what people type is what is understood.
func TestPhrases(t *testing.T) {
	def, n := company(), 0
	for _, table := range []map[string][]string{phrases, lateAtNight, atHalfPastOne, inPassing, wokenUp} {
		for want, list := range table {
			for _, text := range list {
				n++
				if got := understood(def, text); got != want {
					t.Errorf("%q is taken for %q, want %q", text, got, want)
				}
			}
		}
	}
	if n < 890 {
		t.Errorf("%d phrases", n)
	}
}
