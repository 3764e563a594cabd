package adopt

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Problem is what the reader of configurations has against a file: the path within
// it, as in "checks[3].http.url", and what is wrong there.
type Problem struct{ Path, Message string }

// Judge reads a configuration, with variables of the environment, and says what is
// wrong with it.
type Judge func(text []byte, env func(string) (string, bool)) ([]Problem, error)

var ofACheck = lazy.Compile(`^checks\[([0-9]+)\]`)

// Settle shows the checks to the reader of configurations. What it refuses is not
// carried, with its reason. Every variable counts as set.
func (p *Plan) Settle(judge Judge) error {
	for p.needed(); len(p.Checks) > 0; p.needed() {
		text, err := p.YAML("checks")
		if err != nil {
			return err
		}
		problems, err := judge(text, p.standIns())
		if err != nil {
			return err
		}
		if len(problems) == 0 {
			p.wanted(string(text))
			return nil
		}
		refused := map[int]string{}
		for _, problem := range problems {
			m := ofACheck.FindStringSubmatch(problem.Path)
			if m == nil {
				return fmt.Errorf("what was made of it is refused: %s", problem.Path+": "+problem.Message)
			}
			if i, _ := strconv.Atoi(m[1]); refused[i] == "" {
				refused[i] = problem.Path[len(m[0]):] + ": " + problem.Message
			}
		}
		var kept []Check
		for i, c := range p.Checks {
			if why, is := refused[i]; is {
				p.drop(c, "statusbot would refuse it: "+c.ID+why)
				continue
			}
			kept = append(kept, c)
		}
		p.Checks = kept
	}
	p.wanted("")
	return nil
}

var (
	asAPort   = lazy.Compile(`:\$\{([A-Za-z_][A-Za-z0-9_]*)\}(?:[/?#].*)?$`)
	asAddress = lazy.Compile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)
)

// standIns is an environment in which every variable is set to what suits where it stands: an address
// with its scheme, a host with its port, a port, or a word.
func (p *Plan) standIns() func(name string) (string, bool) {
	const word = "x0123456789abcdef"
	values := map[string]string{}
	for _, c := range p.Checks {
		for key, option := range c.Options {
			text, _ := option.(string)
			if m := asAPort.FindStringSubmatch(text); m != nil {
				values[m[1]] = "1"
			}
			if m := asAddress.FindStringSubmatch(text); m != nil && key == "address" {
				values[m[1]] = word + ":1"
			}
		}
	}
	for name := range p.whole {
		values[name] = "https://" + word
	}
	return func(name string) (string, bool) { return cmp.Or(values[name], word), p.names[name] }
}

// wanted leaves the variables that the written checks speak of.
func (p *Plan) wanted(text string) {
	p.Variables = slices.DeleteFunc(p.Variables, func(v Variable) bool { return !strings.Contains(text, "${"+v.Name+"}") })
}

// needed leaves the products that have checks. Others stand for what was not carried.
func (p *Plan) needed() {
	p.Products = slices.DeleteFunc(p.Products, func(product Product) bool {
		return !slices.ContainsFunc(p.Checks, func(c Check) bool { return c.Product == product.ID })
	})
}

// drop takes a check out of the lists of what was carried.
func (p *Plan) drop(c Check, why string) {
	is := func(l Line) bool { return l.What == c.name }
	if i := slices.IndexFunc(p.Carried, is); i >= 0 {
		p.Carried = slices.Delete(p.Carried, i, i+1)
	} else if i := slices.IndexFunc(p.Differently, is); i >= 0 {
		p.Differently = slices.Delete(p.Differently, i, i+1)
	}
	p.refuse(c.name, why)
}
