package bot

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/statusbot/statusbot/internal/lazy"
)

// fillers say nothing of which product is meant: "how is search doing?".
var fillers = append(strings.Fields("is are was were be been the a an of for how hows what whats s about doing going ok okay fine well up down hey hi hello "+
	"please pls thanks status statusbot on in at to from nd show me tell give get can could you do does it its us our my we i still working today product products "+
	"isn doesn don won wasn aren weren didn couldn hasn haven t s d m team service and or nor vs versus with so um any there this that has have just look looking see check into else other no not only re ve ll wtf heck hell gonna rn atm tho than"), foreign...)

// foreign are such words of other languages, which may be the beginning of a name.
var foreign = strings.Fields("ist sind war was wie wo wer geht gehts lauft mit und oder der die das den dem von fur bei bitte danke mal noch jetzt wieder nicht es " +
	"est ce que qu le les des du et ou avec ca va il fait sur por que qual el los de y o con esta estan hay en merci gracias hola hallo bonjour favor vous plait sil maybe perhaps an dran bei uns unser euch chez nous pas hors ne plus c")

// states say how something may be, which is not for who asks to say: "is
// billing slow", "billing errors".
var states = strings.Fields("slow slower fast seems seem feels errors error err health healthy failing fails failed fail failures failure broken wrong problem problems " +
	"issue issues trouble troubles outage outages incident incidents hurt everyone everybody anyone anybody again yet currently right now latency " +
	"performance impact impacted affected reachable available availability alive dead bad good back recovered online offline uptime why when who which since morning afternoon evening night " +
	"did over fixed fix eta will start started begin began long many users customers clients clear resolved solved repaired finished fire timing out timeout timeouts " +
	"500 502 503 504 500s 502s 503s 504s getting seeing people works work real false alarm previous sure red green yellow month quarter year acked acknowledged " +
	"wake woke woken happen happened happend hapened happenend before rate rates percent percentage p50 p95 p99 median graph graphs chart charts picture plot compare compared customer user client business blast radius scope know should tell say ceo screwed " + //nolint:misspell // as people type
	"kaputt tot gestort storung ausgefallen ausfall langsam funktioniert ordnung seit wann warum los panne marche lent depuis quand pourquoi caido lento roto desde cuando funciona pasa bien gut schlecht " +
	"better worse best getting improving improve trend trends degrading recovering go goes going went gone come came drop dropped dropping broke break breaks breaking take takes bed home sleep complain complaining complaints " +
	"gateway econnrefused tldr tl dr summarize summarise eli5 write explain positive same change true ffs sla slo slas slos " +
	"wat wht yesterday tonight last hour hours minutes week lately current happening happens happened details detail info information figures numbers stats checks probes cause reason")

// everything are words for all products together.
var everything = strings.Fields("all products everything everyone things anything something overall overview summary state health services systems situation update updates news incident incidents next often refresh send share alles alle tout todo todos toutes")

// wordsOf splits a name into its words, in small letters: "Identity & Access"
// and "identity-access" have the same. Joiners inside a word are left out: not
// every keyboard has them. An emoji is a word.
func wordsOf(s string) []string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 && !strings.Contains(s, ":flag-") {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	var out []string
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			out = append(out, b.String())
			b.Reset()
		}
	}
	for rest := []rune(strings.ToLower(norm.NFC.String(flagNames(s)))); len(rest) > 0; {
		r := rest[0]
		if n := symbol(rest); n > 0 {
			end()
			out = append(out, string(slices.DeleteFunc(slices.Clone(rest[:n]), func(r rune) bool { return r == '\uFE0F' })))
			rest = rest[n:]
			continue
		}
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r) && r != '\uFE0E' && r != '\uFE0F':
			b.WriteRune(r)
		case unicode.Is(unicode.Cf, r), r == '\uFE0E', r == '\uFE0F': // joiners
		default:
			end()
		}
		rest = rest[1:]
	}
	end()
	return out
}

// isSymbol reports whether a word is an emoji.
func isSymbol(word string) bool { return symbol([]rune(word)) > 0 }

// symbol returns how many runes the emoji at the beginning of a text has, with
// all that belongs to it; 0 when there is none.
func symbol(s []rune) int {
	if len(s) == 0 || !unicode.Is(unicode.So, s[0]) || slices.Contains([]rune("™®©"), s[0]) {
		return 0
	}
	n := 1
	if isRegional(s[0]) && len(s) > 1 && isRegional(s[1]) {
		n++
	}
	for ; n < len(s); n++ {
		switch r := s[n]; {
		case r == '\uFE0F', r >= 0x1F3FB && r <= 0x1F3FF, r >= 0xE0020 && r <= 0xE007F, unicode.Is(unicode.Me, r):
		case r == '\u200D' && n+1 < len(s) && unicode.Is(unicode.So, s[n+1]):
			n++
		default:
			return n
		}
	}
	return n
}

func isRegional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// flagName is how Slack writes a flag in a text: ":flag-gb:".
var flagName = lazy.Compile(`:flag-([a-z]{2}|england|scotland|wales):`)

var partsOfUK = map[string]string{"england": "gbeng", "scotland": "gbsct", "wales": "gbwls"}

// flagNames writes the names of flags as flags.
func flagNames(s string) string {
	if !strings.Contains(s, ":flag-") {
		return s
	}
	return flagName.ReplaceAllStringFunc(s, func(name string) string {
		code := strings.TrimSuffix(strings.TrimPrefix(name, ":flag-"), ":")
		if part := partsOfUK[code]; part != "" {
			flag := []rune{0x1F3F4}
			for _, r := range part {
				flag = append(flag, 0xE0000+r)
			}
			return string(append(flag, 0xE007F))
		}
		return string([]rune{0x1F1E6 + rune(code[0]-'a'), 0x1F1E6 + rune(code[1]-'a')})
	})
}

// emojiName is how Slack writes an emoji in a text: ":fire:".
var emojiName = lazy.Compile(`(^|\s):([a-z0-9_+'-]*[a-z][a-z0-9_+'-]*|\+1|-1):(\s|$)`)

// withoutEmoji leaves emoji out of what was said.
func withoutEmoji(s string) []string {
	for emojiName.MatchString(s) {
		s = emojiName.ReplaceAllString(s, " ")
	}
	return slices.DeleteFunc(wordsOf(s), isSymbol)
}

// letters are letters that other keyboards do not have, by those that people
// type for them: the accents of the others are left out by the rules of Unicode.
var letters = strings.NewReplacer("ß", "ss", "ø", "o", "æ", "a", "œ", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ae", "a", "oe", "o", "ue", "u",
	"ي", "ی", "ى", "ی", "ك", "ک", "ة", "ه", "ـ", "")

// keyed is a word as any keyboard types it: "bücher", "buecher" and "bucher" are
// the same, and so are letters of full width.
func keyed(word string) string { return letters.Replace(plainLetters(word)) }

// plainLetters are the small letters of a text without their accents.
func plainLetters(s string) string {
	s = strings.ToLower(s)
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 {
		return s
	}
	accent := func(r rune) bool { return r >= 0x300 && r <= 0x36F || r >= 0x64B && r <= 0x652 }
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if accent(r) {
			return -1
		}
		return r
	}, norm.NFD.String(strings.ToLower(norm.NFKC.String(s)))))
}

func keyedAll(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = keyed(w)
	}
	return out
}

// leftOf are the words that are none of some others, with accents or without.
func leftOf(said, out []string) []string {
	return slices.DeleteFunc(slices.Clone(said), func(w string) bool {
		return slices.Contains(out, w) || slices.Contains(out, plainLetters(w))
	})
}

// aboutAll reports whether words ask for all products together.
func aboutAll(words []string) bool {
	said := withoutEmoji(strings.Join(words, " "))
	return len(said) > 0 && len(leftOf(leftOf(leftOf(said, fillers), states), everything)) == 0
}

// greetings are words of which nothing is asked.
var greetings = strings.Fields("hi hey hello there thanks thank you statusbot please pls ok okay good morning afternoon evening night day yo hola bonjour hallo moin ciao " +
	"servus namaste cheers thx ty sup greetings all everyone team folks guys bot great cool nice perfect super awesome lovely brilliant bye goodbye welcome later " +
	"buenas olá ola oi oie hej hei hoi salam سلام привет здравствуйте こんにちは 你好 ciao ragazzi allo gn gm goodnight morning lgtm u knock yay np k kk done looks roger copy noted that sounds me too can confirmed same here " +
	"test testing ping pong yes yep yeah nope sorry oops lol omg damn wow ugh haha nevermind never mind danke merci gracias guten tag abend morgen bonsoir salut buenos dias noches")

// greets reports whether words are nothing but a greeting.
func greets(words []string) bool {
	said := withoutEmoji(strings.Join(words, " "))
	if strings.Join(words, "") == "+1" {
		return true
	}
	if len(said) == 0 { // a thumb, a row of dots
		return len(words) > 0
	}
	return len(leftOf(said, greetings)) == 0 && len(leftOf(said, strings.Fields("all everyone team there you good later me can that here"))) > 0
}

// lists reports whether words ask for the names of the products.
func lists(words []string) bool {
	all := wordsOf(strings.Join(words, " "))
	said := leftOf(all, append([]string{"all", "products", "services", "la", "which", "know", "watch", "measure", "names"}, fillers...))
	if len(said) == 0 {
		if len(leftOf(all, asksHow)) < len(all) {
			return false
		}
		named := slices.ContainsFunc(all, func(w string) bool { return w == "products" || w == "services" })
		return named && (len(all) == 1 || slices.ContainsFunc(all, func(w string) bool { return slices.Contains([]string{"which", "know", "names", "watch", "measure"}, w) }))
	}
	return len(said) == 1 && slices.Contains([]string{"list", "ls", "dir"}, said[0]) && len(leftOf(all, asksHow)) == len(all)
}

// asksHow are fillers that ask how something is: "which products are down?".
var asksHow = strings.Fields("up down ok okay fine working well")

// asksWhy reports whether words ask for the cause.
func asksWhy(words []string) bool {
	said := leftOf(wordsOf(strings.Join(words, " ")), fillers)
	if len(said) == 0 || len(leftOf(leftOf(said, states), append([]string{"root", "likely", "causing", "causes", "caused", "causing"}, everything...))) > 0 {
		return false
	}
	return said[0] == "why" || slices.ContainsFunc(said, func(w string) bool {
		return slices.Contains([]string{"cause", "reason", "causing", "causes", "caused"}, w)
	})
}

// asksChecks reports whether words ask for the checks.
func asksChecks(words []string) bool {
	said := leftOf(wordsOf(strings.Join(words, " ")), append([]string{"all", "list", "ls", "which"}, fillers...))
	return len(said) == 1 && (said[0] == "checks" || said[0] == "probes")
}
