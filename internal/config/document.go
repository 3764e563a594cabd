package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/lazy"
)

// document is one file's text as a tree of nodes, each with its place.
type document struct {
	shown  string     // path that opens from the working directory, for problems
	source string     // path relative to the main file's folder, for checks.Source
	root   *yaml.Node // the top mapping
}

// problem says what is wrong at a node; nil means the file as a whole.
func (d *document) problem(at *yaml.Node, path, message, instead string) Problem {
	p := Problem{File: d.shown, Path: path, Message: message, Instead: instead}
	if at != nil {
		p.Line, p.Column = at.Line, at.Column
	}
	return p
}

// fileEmpty is what is wrong with a main file that holds nothing but comments.
const fileEmpty = "the file is empty"

// parseDocument reads one YAML document whose top is a mapping.
func parseDocument(shown, source string, text []byte) (*document, *Problem) {
	d := &document{shown: shown, source: source}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var top yaml.Node
	if err := dec.Decode(&top); errors.Is(err, io.EOF) {
		p := d.problem(nil, "", fileEmpty, "start from config.example.yaml")
		return nil, &p
	} else if err != nil {
		p := syntaxProblem(shown, text, err)
		return nil, &p
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		p := d.problem(&second, "", "a second document begins here", `write one document, without "---", or put the rest into a file named by include`)
		return nil, &p
	} else if !errors.Is(err, io.EOF) {
		p := syntaxProblem(shown, text, err)
		return nil, &p
	}
	if top.Kind != yaml.DocumentNode || len(top.Content) != 1 {
		p := d.problem(nil, "", fileEmpty, "start from config.example.yaml")
		return nil, &p
	}
	d.root = resolve(top.Content[0])
	if isNull(d.root) {
		p := d.problem(nil, "", fileEmpty, "start from config.example.yaml")
		return nil, &p
	}
	if d.root.Kind != yaml.MappingNode {
		p := d.problem(d.root, "", "must be keys with values, but is "+describe(d.root), `begin with a line such as "company: Acme"`)
		return nil, &p
	}
	if tagged := strangeTags(&top); len(tagged) > 0 {
		p := d.problem(tagged[0], "", tagMessage, tagInstead)
		if more := len(tagged) - 1; more > 0 {
			p.Message += fmt.Sprintf(", as do %d more", more)
		}
		return nil, &p
	}
	return d, nil
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

// plainTags are the types that YAML's own reader gives, and that say no more of a value than how it is written.
var plainTags = [...]string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!merge", "!!timestamp", "!"}

// strangeTags returns the nodes whose type would change what they are ("!secret name", "!include file", "!!binary"): read
// without it, the name of a secret would be the secret.
func strangeTags(n *yaml.Node) []*yaml.Node {
	var found []*yaml.Node
	if n.Style&yaml.TaggedStyle != 0 && !slices.Contains(plainTags[:], n.ShortTag()) {
		found = append(found, n)
	}
	for _, below := range n.Content { // an alias has none, so there is no loop
		found = append(found, strangeTags(below)...)
	}
	return found
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// describe names what stands at a node.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

// pair is one key of a mapping with its value.
type pair struct {
	key   *yaml.Node
	value *yaml.Node
}

// pairs returns the keys of a mapping in their order, with what "<<" merges
// in behind them; a key of the mapping itself wins. Broken is called for a
// key that is not plain text or is written twice, and for a "<<" of what has no keys.
func pairs(n *yaml.Node, broken func(key *yaml.Node, message, instead string)) []pair {
	var own, merged []pair
	lines := make(map[string]int, len(n.Content)/2) // :: key -> line of its first use
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			broken(n.Content[i], "a key must be plain text", "")
		case key.ShortTag() == "!!merge":
			merged = append(merged, mergedPairs(key, value, broken)...)
		case lines[key.Value] > 0:
			broken(key, fmt.Sprintf("is written twice; the first is on line %d", lines[key.Value]), "keep one of them")
		default:
			lines[key.Value] = max(key.Line, 1)
			own = append(own, pair{key, value})
		}
	}
	for _, p := range merged {
		if lines[p.key.Value] == 0 {
			lines[p.key.Value] = max(p.key.Line, 1)
			own = append(own, p)
		}
	}
	return own
}

// mergedPairs returns what one "<<" brings: the keys of a mapping, or of a list of
// mappings, where the earlier wins, each with what it merges in itself. Broken is
// called for what has no keys to bring.
func mergedPairs(key, n *yaml.Node, broken func(key *yaml.Node, message, instead string)) []pair {
	m := merger{seen: map[*yaml.Node]bool{}, broken: broken}
	m.add(key, n)
	return m.found
}

type merger struct {
	found  []pair
	seen   map[*yaml.Node]bool // mappings that have brought their keys; a second time they bring none
	broken func(key *yaml.Node, message, instead string)
}

// add takes in what one "<<", the key, merges in.
func (m *merger) add(key, n *yaml.Node) {
	n = resolve(n)
	sources := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		sources = n.Content
	}
	for _, source := range sources {
		s := resolve(source)
		if s.Kind != yaml.MappingNode {
			m.broken(key, `takes the keys of a mapping, and this is `+describe(s), "name one, such as *defaults of x-defaults: &defaults {every: 10s}")
			continue
		}
		if m.seen[s] {
			continue
		}
		m.seen[s] = true
		var inner []pair
		for i := 0; i+1 < len(s.Content); i += 2 {
			switch k := resolve(s.Content[i]); {
			case k.Kind != yaml.ScalarNode:
			case k.ShortTag() == "!!merge":
				inner = append(inner, pair{k, s.Content[i+1]})
			default:
				m.found = append(m.found, pair{k, s.Content[i+1]})
			}
		}
		for _, p := range inner {
			m.add(p.key, p.value)
		}
	}
}

// entry returns a key of a mapping and its value, nil and nil when absent.
func entry(n *yaml.Node, key string) (*yaml.Node, *yaml.Node) {
	if n == nil {
		return nil, nil
	}
	if n = resolve(n); n.Kind != yaml.MappingNode {
		return nil, nil
	}
	var merges []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch k := resolve(n.Content[i]); {
		case k.Kind != yaml.ScalarNode:
		case k.ShortTag() == "!!merge":
			merges = append(merges, pair{k, n.Content[i+1]})
		case k.Value == key:
			return k, resolve(n.Content[i+1])
		}
	}
	for _, m := range merges {
		for _, p := range mergedPairs(m.key, m.value, func(*yaml.Node, string, string) {}) {
			if p.key.Value == key {
				return p.key, resolve(p.value)
			}
		}
	}
	return nil, nil
}

// locate returns the node that a path below n names ("json[0].path"), as deep
// as the tree goes: the nearest place a person can look at. Keys may contain
// dots, so the longest key that fits is taken first.
func locate(n *yaml.Node, path string) *yaml.Node {
	place := n
	for path != "" && n != nil {
		n = resolve(n)
		path = strings.TrimPrefix(path, ".")
		if n.Kind == yaml.SequenceNode {
			index, rest, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")
			i, err := strconv.Atoi(index)
			if err != nil || i < 0 || i >= len(n.Content) {
				return place
			}
			n, path, place = n.Content[i], rest, n.Content[i]
			continue
		}
		var key, value *yaml.Node
		end := len(path)
		for ; end > 0 && key == nil; end = strings.LastIndexAny(path[:end], ".[") {
			if key, value = entry(n, path[:end]); key != nil {
				break
			}
		}
		if key == nil {
			return place
		}
		n, path, place = value, path[end:], key
	}
	return place
}

// syntaxWords says YAML's own complaints in plain words. Nothing of the file
// is repeated: what stands there may be a token.
var syntaxWords = []struct{ yaml, message, instead string }{
	{"mapping values are not allowed", `a ":" stands where no value can begin`, `put text that contains ": " into quotes, and check the indentation of this line and the one before`},
	{"tab character", tabMessage, tabInstead},
	{"cannot start any token", "a character stands here that cannot begin a value, such as @ or `", "put the value into quotes"},
	{"could not find expected ':'", "a key without its \":\", or text whose quote or indentation ends too early", `write "key: value"`},
	{"did not find expected key", "the indentation does not fit the lines around it, or a quote is missing", "line the keys up in one column"},
	{"did not find expected '-' indicator", "a list goes on with something that is not an item", `begin each item with "- " in the same column`},
	{"did not find expected ',' or ']'", "a [list] is not closed, or a comma is missing", `write [a, b]`},
	{"did not find expected ',' or '}'", "a {mapping} is not closed, or a comma is missing", `write {key: value, other: "text with ${NAME} in quotes"}`},
	{"unexpected end of stream", "a quote is opened and never closed", "close it"},
	{"unexpected document indicator", "a quote is opened and never closed", "close it"},
	{"unknown escape character", `a backslash inside "..." that YAML does not know`, `write '...' around the text, or two backslashes`},
	{"escape", `a backslash inside "..." that YAML does not know`, `write '...' around the text, or two backslashes`},
	{"control characters are not allowed", "the file contains a control character", "save it as plain UTF-8 text"},
	{"UTF-8", "the file is not UTF-8 text", "save it as UTF-8"},
	{"nicode", "the file is not UTF-8 text", "save it as UTF-8"},
	{"expected <document start>", "something stands outside the mapping that the file began with", "line the keys up in the first column"},
	{"block sequence entries", `a "-" stands where no list can begin`, "put the list on the lines below its key"},
	{"max depth", "the file is nested too deeply", ""},
	{"alphabetic or numeric", "a value begins with * or &, which YAML takes for a reference", "put the value into quotes"},
	{"tag", tagMessage, tagInstead},
	{"directive", "a line begins with %, which YAML takes for a directive", "put the value into quotes"},
}

const (
	tagMessage = "a value begins with !, which YAML takes for a type"
	tagInstead = "put the value into quotes; where it names a secret or a file, write ${NAME}, password_file: PATH or include"

	tabMessage = "a tab is used for indentation"
	tabInstead = "use spaces"
)

var (
	syntaxLine    = lazy.Compile(`line (\d+): `)
	unknownAnchor = lazy.Compile(`unknown anchor '(.*)' referenced`)
)

// unseen tells of a character that looks like a blank or like nothing, and is neither to YAML. Those that join letters and
// emoji are seen by what they do.
func unseen(c rune) bool { return c > 0x7f && !unicode.IsPrint(c) && c != '\u200c' && c != '\u200d' }

// badByte returns where a text has something that is no character of YAML; -1
// for nowhere (https://yaml.org/spec/1.2.2/#51-character-set).
func badByte(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return i
		}
		i += size
	}
	return -1
}

// syntaxProblem turns an error of the YAML reader into a problem.
func syntaxProblem(shown string, text []byte, err error) Problem {
	p := Problem{File: shown, Line: 1, Message: "is not YAML", Instead: "check this line and the one before"}
	said := err.Error()
	if m := unknownAnchor.FindStringSubmatch(said); m != nil {
		p.Message, p.Instead = "a value begins with *, which YAML takes for a reference, and no & of that name stands above it in this file", "write the & first, or put the value into quotes"
		if at := bytes.Index(text, []byte("*"+m[1])); at >= 0 {
			p.Line = 1 + bytes.Count(text[:at], []byte("\n"))
		}
		return p
	}
	if m := syntaxLine.FindStringSubmatch(said); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
	} else if at := badByte(text); at >= 0 { // the reader names no line
		p.Line = 1 + bytes.Count(text[:at], []byte("\n"))
	}
	for _, w := range syntaxWords {
		if strings.Contains(said, w.yaml) {
			p.Message, p.Instead = w.message, w.instead
			break
		}
	}
	if strings.Contains(said, "did not find expected") && !strings.Contains(said, "whitespace") {
		p.Line++ // the reader counts lines from 0 in the errors of its grammar (yaml v3, parser.fail)
	}
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	p.Line = min(max(p.Line, 1), len(lines))
	line := lines[p.Line-1]
	if indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]; bytes.ContainsRune(indent, '\t') {
		p.Message, p.Instead = tabMessage, tabInstead
	} else if i := bytes.IndexFunc(line, unseen); i >= 0 {
		c, _ := utf8.DecodeRune(line[i:])
		p.Message, p.Instead = fmt.Sprintf("a character that is not seen stands here, %U, as in text that was copied from a page", c), "type the blanks of this line anew"
	}
	return p
}
