package claim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// lengthMax is how long an expression may be, in characters. What does not fit
// belongs into a script.
const lengthMax = 4096

// Type is what a variable of an expression may be.
type Type = *cel.Type

// The types there are.
var (
	Any      = cel.DynType
	Bool     = cel.BoolType
	Double   = cel.DoubleType
	Duration = cel.DurationType
	Int      = cel.IntType
	String   = cel.StringType
)

// List is a list of values of one type.
func List(of Type) Type { return cel.ListType(of) }

// Map holds values of one type by keys of another.
func Map(key, value Type) Type { return cel.MapType(key, value) }

// anyIndex has json['a-b'] be of any type, as json.a is. What CEL itself has makes it
// of a type that is still open, and string(json['a-b']) then of the first type that
// string takes, which at the answer is another one. Nothing is of the type here but
// what is of any.
var anyIndex = cel.Function(operators.Index,
	cel.Overload("index_any", []*cel.Type{cel.OpaqueType("any"), cel.DynType}, cel.DynType))

// Variables are what expressions may speak of.
type Variables map[string]Type // :: name -> what it is

// Vocabulary is what the expressions of one kind may speak of.
type Vocabulary struct {
	names string // of the variables, for messages, sorted
	env   func() (*cel.Env, error)
	cache *cache
}

// NewVocabulary returns a vocabulary of the variables.
func NewVocabulary(of Variables) Vocabulary {
	return Vocabulary{
		names: strings.Join(slices.Sorted(maps.Keys(of)), ", "),
		cache: &cache{},
		// Made when the first expression is met: it takes some
		// milliseconds and 2 MiB that most processes never need.
		env: sync.OnceValues(func() (*cel.Env, error) {
			options := []cel.EnvOption{
				cel.CrossTypeNumericComparisons(true),
				cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
			}
			for name, what := range of {
				options = append(options, cel.Variable(name, what))
			}
			options = append(options, anyIndex)
			return cel.NewEnv(options...)
		}),
	}
}

// Options are the part of a kind's options that says what must be so, as
// expressions of its vocabulary.
type Options struct {
	Expect     []string `mapstructure:"expect"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded
}

// Compile makes the claims of a check, or returns nil if there are none. The error
// is a probe.OptionError that says where.
func (v Vocabulary) Compile(o Options) (*Set, error) {
	return v.CompileAs("expect", o.Expect, o.FailIf, o.DegradedIf)
}

// CompileAs is Compile for a kind that calls what is expected otherwise.
func (v Vocabulary) CompileAs(expectKey string, expect, failIf, degradedIf []string) (*Set, error) {
	all := &Set{uses: map[string]bool{}}
	for _, o := range []struct {
		option
		to *[]claim
	}{
		{option{expectKey, expect, true}, &all.fail},
		{option{"fail_if", failIf, false}, &all.fail},
		{option{"degraded_if", degradedIf, false}, &all.degraded},
	} {
		list, err := v.compileAll(o.option, all.uses)
		if err != nil {
			return nil, err
		}
		*o.to = append(*o.to, list...)
	}
	if len(all.fail)+len(all.degraded) == 0 {
		return nil, nil //nolint:nilnil // most checks have none
	}
	return all, nil
}

// option is one that holds expressions.
type option struct {
	key  string
	list []string
	want bool // what a good answer makes of them
}

func (v Vocabulary) compileAll(o option, uses map[string]bool) ([]claim, error) {
	var all []claim
	for i, text := range o.list {
		key := o.key
		if len(o.list) > 1 {
			key = fmt.Sprintf("%s[%d]", o.key, i)
		}
		list, err := v.compile(key, text, o.want)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			noteNames(c.ast, uses)
		}
		all = append(all, list...)
	}
	return all, nil
}

// compile makes the claims of one expression: each of those that && joins if
// all must hold, so that a failure names the one that does not.
func (v Vocabulary) compile(key, text string, want bool) ([]claim, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, &probe.OptionError{Key: key, Problem: "is empty", Instead: "write an expression that is true or false, such as latency < duration('800ms')"}
	case !utf8.ValidString(text):
		return nil, &probe.OptionError{Key: key, Problem: "is not UTF-8"}
	case utf8.RuneCountInString(text) > lengthMax:
		return nil, &probe.OptionError{Key: key, Problem: fmt.Sprintf("is longer than %d characters", lengthMax), Instead: "write a check of kind exec for so much"}
	}
	option, _, _ := strings.Cut(key, "[")
	as := claimText{option, text, want}
	if list := v.cache.get(as); list != nil {
		return list, nil
	}
	list, err := v.compileNew(key, text, want)
	if err == nil {
		v.cache.put(as, list)
	}
	return list, err
}

func (v Vocabulary) compileNew(key, text string, want bool) ([]claim, error) {
	env, err := v.env()
	if err != nil {
		return nil, fmt.Errorf("prepare expressions: %w", err) // unreachable: the vocabularies are constants
	}
	whole, err := v.compileOne(env, key, text, want)
	if err != nil {
		return nil, err
	}
	if !want {
		return []claim{whole}, nil
	}
	parts := conjuncts(text)
	if len(parts) < 2 {
		return []claim{whole}, nil
	}
	list := make([]claim, 0, len(parts))
	for _, part := range parts {
		one, err := v.compileOne(env, key, part, want)
		if err != nil {
			// What was taken apart wrongly is still right as a whole.
			return []claim{whole}, nil //nolint:nilerr // the expression itself has no error
		}
		list = append(list, one)
	}
	return list, nil
}

func (v Vocabulary) compileOne(env *cel.Env, key, text string, want bool) (claim, error) {
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return claim{}, v.explain(key, issues)
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return claim{}, &probe.OptionError{
			Key: key, Problem: "is a value of type " + cel.FormatCELType(t) + ", not true or false",
			Instead: "compare it with what is expected, such as status == 200",
		}
	}
	if name := strangeHeader(ast); name != "" {
		return claim{}, &probe.OptionError{Key: key, Problem: "asks for the header " + probe.Quoted(name) + ", but the names of headers are in small letters here", Instead: "write " + strings.ToLower(name)}
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costMax), cel.InterruptCheckFrequency(pulse))
	if err != nil {
		return claim{}, &probe.OptionError{Key: key, Problem: "cannot be worked out: " + probe.OneLine(err.Error())}
	}
	option, _, _ := strings.Cut(key, "[")
	return claim{
		key: option, want: want, text: probe.OneLine(text), secret: speaksOfSecret(ast),
		program: program, ast: ast, traced: tracedBy(env, ast),
	}, nil
}

// conjuncts takes an expression apart at the && that join it, also inside
// parentheses around all of it. It returns nil if it finds something else
// outside of parentheses that binds less, or that it cannot follow.
func conjuncts(text string) []string {
	text = strings.TrimSpace(text)
	var parts []string
	depth, start := 0, 0
	whole := strings.HasPrefix(text, "(") // one pair of parentheses around all
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'' || c == '"':
			end := endOfString(text, i)
			if end < 0 {
				return nil
			}
			i = end - 1
		case strings.HasPrefix(text[i:], "//"):
			return nil
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
			if depth == 0 && i < len(text)-1 {
				whole = false
			}
		case depth > 0:
		case c == '?' || strings.HasPrefix(text[i:], "||"):
			return nil
		case strings.HasPrefix(text[i:], "&&"):
			parts = append(parts, text[start:i])
			start = i + 2
			i++
		}
	}
	if depth != 0 {
		return nil
	}
	if whole && len(text) > 2 {
		return conjuncts(text[1 : len(text)-1])
	}
	if len(parts) == 0 {
		return []string{text}
	}
	var all []string
	for _, part := range append(parts, text[start:]) {
		inner := conjuncts(part)
		if inner == nil {
			inner = []string{strings.TrimSpace(part)}
		}
		all = append(all, inner...)
	}
	return all
}

// endOfString returns where the string that begins at i ends, or -1.
func endOfString(text string, i int) int {
	raw := i > 0 && (text[i-1] == 'r' || text[i-1] == 'R')
	quote := text[i : i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text[i:], triple) {
		quote = triple
	}
	for j := i + len(quote); j < len(text); j++ {
		switch {
		case text[j] == '\\' && !raw:
			j++
		case strings.HasPrefix(text[j:], quote):
			return j + len(quote)
		}
	}
	return -1
}
