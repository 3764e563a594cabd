package claim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"github.com/ohler55/ojg/oj"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/lazy"
)

const (
	valueMax  = 60 // characters of a value or an expression in a summary
	valuesMax = 3  // values told of one expression
)

// hiddenName matches the names of headers and keys whose values are never shown.
var hiddenName = lazy.Compile(`(?i)auth|cookie|token|secret|passw|passphrase|credential|session|signature|api[-_]?key|private[-_]?key`)

func isSecretName(name string) bool {
	return hiddenName.MatchString(name) || redact.Word.MatchString(name)
}

// values says what a claim saw: "latency is 1.2 s, status is 200".
func (c *claim) values(ctx context.Context, seen cel.Activation) string {
	if c.secret {
		return ""
	}
	program, err := c.traced()
	if err != nil {
		return "" // unreachable: the same expression made a program before
	}
	_, details, _ := program.ContextEval(ctx, seen) // without a value there is still what its parts were
	if details == nil || details.State() == nil {
		return ""
	}
	var told []string
	native := c.ast.NativeRep()
	for _, e := range operands(native.Expr(), native, nil) {
		value, ok := details.State().Value(e.ID())
		if !ok || types.IsUnknownOrError(value) || len(told) == valuesMax || computesKey(e, native) {
			continue
		}
		text, err := cel.ExprToString(e, native.SourceInfo())
		if err != nil {
			continue
		}
		one := Shorten(text) + " is " + valueText(value)
		if !slices.Contains(told, one) {
			told = append(told, one)
		}
	}
	return strings.Join(told, ", ")
}

// operands returns the parts of an expression whose values explain it: what
// is compared, without literals.
func operands(e ast.Expr, in *ast.AST, list []ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.IdentKind:
		return append(list, e)
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() { // has(a.b): that b is not there says nothing new
			return operands(e.AsSelect().Operand(), in, list)
		}
		return append(list, e)
	case ast.ComprehensionKind:
		if in.GetType(e.ID()).IsExactType(types.BoolType) {
			return operands(e.AsComprehension().IterRange(), in, list)
		}
		return append(list, e)
	case ast.CallKind:
		call := e.AsCall()
		if !mentionsAny(e) {
			return list
		}
		if call.FunctionName() != operators.Index && (in.GetType(e.ID()).IsExactType(types.BoolType) || isArithmetic(call.FunctionName())) {
			if call.IsMemberFunction() {
				list = operands(call.Target(), in, list)
			}
			for _, arg := range call.Args() {
				list = operands(arg, in, list)
			}
			return list
		}
		return append(list, e)
	case ast.ListKind:
		for _, one := range e.AsList().Elements() {
			list = operands(one, in, list)
		}
	}
	return list
}

// wholeBeside returns a whole number that an expression reckons with, or nothing.
func wholeBeside(e ast.Expr) (number string) {
	visit(e, func(e ast.Expr) {
		if e.Kind() != ast.CallKind || !isArithmetic(e.AsCall().FunctionName()) || e.AsCall().FunctionName() == operators.Conditional {
			return
		}
		for _, arg := range e.AsCall().Args() {
			if n, ok := arg.AsLiteral().(types.Int); arg.Kind() == ast.LiteralKind && ok && number == "" {
				number = strconv.FormatInt(int64(n), 10)
			}
		}
	})
	return number
}

func isArithmetic(function string) bool {
	switch function {
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate, operators.Conditional:
		return true
	}
	return false
}

// noteNames adds the names that an expression speaks of.
func noteNames(a *cel.Ast, names map[string]bool) {
	visit(a.NativeRep().Expr(), func(e ast.Expr) {
		if e.Kind() == ast.IdentKind {
			names[e.AsIdent()] = true
		}
	})
}

func mentions(a *cel.Ast, name string) bool {
	names := map[string]bool{}
	noteNames(a, names)
	return names[name]
}

func mentionsAny(e ast.Expr) bool {
	found := false
	visit(e, func(e ast.Expr) { found = found || e.Kind() == ast.IdentKind })
	return found
}

func visit(e ast.Expr, f func(ast.Expr)) { ast.PostOrderVisit(e, ast.NewExprVisitor(f)) }

// speaksOfSecret reports whether an expression asks for a header or a key
// whose name looks secret, or for headers by anything but a plain name.
func speaksOfSecret(a *cel.Ast) bool {
	secret := false
	bare, named := 0, 0 // mentions of headers, and those by a plain name
	visit(a.NativeRep().Expr(), func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			if e.AsIdent() == "headers" {
				bare++
			}
		case ast.SelectKind:
			secret = secret || isSecretName(e.AsSelect().FieldName())
			if isHeaders(e.AsSelect().Operand()) {
				named++
			}
		case ast.CallKind:
			call := e.AsCall()
			if call.FunctionName() == operators.Index && call.Args()[1].Kind() == ast.LiteralKind {
				name, ok := call.Args()[1].AsLiteral().(types.String)
				secret = secret || ok && isSecretName(string(name))
				if ok && isHeaders(call.Args()[0]) {
					named++
				}
			}
			if call.FunctionName() == operators.In && isHeaders(call.Args()[1]) && call.Args()[0].Kind() == ast.LiteralKind {
				named++
			}
		}
	})
	return secret || bare > named
}

// computesKey reports whether an expression looks something up by a key that is
// worked out, as json['pass' + 'word']: nobody can tell whether it names a secret,
// so the value is not shown. What stands at a number has no name.
func computesKey(e ast.Expr, in *ast.AST) bool {
	found := false
	visit(e, func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Index {
			return
		}
		key := e.AsCall().Args()[1]
		number := in.GetType(key.ID()).IsExactType(types.IntType) || in.GetType(key.ID()).IsExactType(types.UintType)
		found = found || key.Kind() != ast.LiteralKind && !number
	})
	return found
}

// strangeHeader returns the name of a header with a capital letter that an expression
// asks for, which no answer can have; empty for none.
func strangeHeader(a *cel.Ast) string {
	strange := ""
	note := func(of, key ast.Expr) {
		if !isHeaders(of) || key.Kind() != ast.LiteralKind {
			return
		}
		if name, ok := key.AsLiteral().(types.String); ok && strings.ToLower(string(name)) != string(name) {
			strange = string(name)
		}
	}
	visit(a.NativeRep().Expr(), func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if name := e.AsSelect().FieldName(); isHeaders(e.AsSelect().Operand()) && strings.ToLower(name) != name {
				strange = name
			}
		case ast.CallKind:
			switch call := e.AsCall(); call.FunctionName() {
			case operators.Index:
				note(call.Args()[0], call.Args()[1])
			case operators.In:
				note(call.Args()[1], call.Args()[0])
			}
		}
	})
	return strange
}

func isHeaders(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "headers" }

// blamed says which part of the expression has no value: "json.items: no such key".
func (c *claim) blamed(ctx context.Context, seen cel.Activation, err error) string {
	problem := probe.OneLine(err.Error())
	key, missing := strings.CutPrefix(problem, "no such key: ")
	if !missing {
		if strings.HasPrefix(problem, "no such overload") { // of what is compared one is of a type that does not go with the other's
			if n := wholeBeside(c.ast.NativeRep().Expr()); n != "" {
				problem = "numbers in JSON are doubles, so write " + n + ".0 for " + n
			} else if values := c.values(ctx, seen); values != "" {
				problem = values
			}
		}
		return c.shown() + " has no value: " + Shorten(problem)
	}
	native := c.ast.NativeRep()
	where := ""
	visit(native.Expr(), func(e ast.Expr) {
		found := e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly() && e.AsSelect().FieldName() == key
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index && e.AsCall().Args()[1].Kind() == ast.LiteralKind {
			name, ok := e.AsCall().Args()[1].AsLiteral().(types.String)
			found = ok && string(name) == key
		}
		if found && where == "" {
			where, _ = cel.ExprToString(e, native.SourceInfo())
		}
	})
	if where == "" {
		where = c.shown()
	}
	return Shorten(where) + ": no such key"
}

// valueText writes a value for a summary, on one line and short.
func valueText(v ref.Val) string {
	switch v := v.(type) {
	case types.String:
		v = types.String(redact.Text(string(v))) // before it is cut
		if utf8.RuneCountInString(string(v)) > valueMax {
			return strconv.Quote(probe.ClipRunes(string(v), valueMax-1) + "…")
		}
		return strconv.Quote(string(v))
	case types.Duration:
		return probe.Span(v.Duration)
	case types.Double:
		return strconv.FormatFloat(float64(v), 'g', -1, 64)
	case types.Null:
		return "null"
	case types.Bytes:
		return strconv.Itoa(len(v)) + " bytes"
	case types.Timestamp:
		return v.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if plain, ok := plainOf(v, 0); ok {
		return Shorten(oj.JSON(plain, &oj.Options{Sort: true}))
	}
	return "of type " + v.Type().TypeName()
}

// plainOf makes a value of CEL one of Go, with the values of secrets' names
// masked; false for what has no such form, or is nested too deeply.
func plainOf(v ref.Val, depth int) (any, bool) {
	const deepest = 20 // levels; nothing of those below is seen in a summary
	switch v := v.(type) {
	case traits.Mapper:
		m := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			name := fmt.Sprint(key.Value())
			if isSecretName(name) {
				m[name] = redact.Mark
				continue
			}
			if one, ok := plainOf(v.Get(key), depth+1); ok && depth < deepest {
				m[name] = one
			}
		}
		return m, true
	case traits.Lister:
		list := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			if one, ok := plainOf(it.Next(), depth+1); ok && depth < deepest {
				list = append(list, one)
			}
		}
		return list, true
	case types.String:
		return redact.Text(string(v)), true
	case types.Null:
		return nil, true
	case types.Bool, types.Int, types.Uint, types.Double:
		return v.Value(), true
	case types.Duration:
		return probe.Span(v.Duration), true
	}
	return nil, false
}

// Shorten returns text on one line of at most valueMax characters.
func Shorten(s string) string {
	if len(s) > 4*valueMax*utf8.UTFMax {
		s = probe.ClipRunes(s, 4*valueMax)
	}
	s = probe.OneLine(s)
	if utf8.RuneCountInString(s) > valueMax {
		s = probe.ClipRunes(s, valueMax-1) + "…"
	}
	return s
}
