package adopt

import (
	"cmp"
	"maps"
	"path/filepath"
	"strings"
	"time"
)

// Script is a program that was tried and can be a check.
type Script struct {
	Argv []string // the program first
	Dir  string   // where it runs; empty: in the folder of the file that defines the check
}

// Scripts makes a plan of programs, a check each, in their order. No check gets an
// id that is taken.
func Scripts(product, owner string, every, timeout time.Duration, list []Script, taken map[string]bool) *Plan {
	p := &Plan{names: map[string]bool{}, ids: maps.Clone(taken)}
	id := p.product(product, owner)
	for _, s := range list {
		name := filepath.Base(s.Argv[0])
		if name == "sh" && len(s.Argv) == 3 && s.Argv[1] == "-c" {
			name, _, _ = strings.Cut(strings.TrimLeft(s.Argv[2], "({ "), " ")
			name = filepath.Base(name)
		}
		c := p.begin(id, cmp.Or(strings.TrimSuffix(name, filepath.Ext(name)), name), "exec")
		c.name = strings.Join(s.Argv, " ")
		c.Every, c.Timeout = every, timeout
		c.Options["argv"] = p.withoutSecrets(&c, s.Argv, literal)
		if s.Dir != "" {
			c.Options["dir"] = literal(s.Dir)
		}
		p.add(c)
	}
	return p
}

// shortSecrets are flags of the monitoring plugins behind which a secret stands
// (https://www.monitoring-plugins.org/doc/man/).
var shortSecrets = map[string]string{ // :: plugin -> flag
	"check_snmp": "-C", "check_http": "-a", "check_curl": "-a", "check_mysql": "-p", "check_mysql_query": "-p", "check_pgsql": "-p", "check_ldap": "-P", "check_radius": "-p",
}

// withoutSecrets puts variables in the place of what a flag's name calls a secret. As writes other
// words.
func (p *Plan) withoutSecrets(c *Check, argv []string, as func(string) string) []string {
	short := ""
	for _, word := range argv[:min(len(argv), 3)] { // "env LC_ALL=C check_snmp"
		short = cmp.Or(short, shortSecrets[filepath.Base(word)])
	}
	out := make([]string, len(argv))
	for i, word := range argv {
		flag, value, assigned := strings.Cut(word, "=")
		switch {
		case strings.Contains(word, "${"): // what stands in the environment already
			out[i] = as(word)
		case i > 0 && short != "" && argv[i-1] == short && word != "":
			out[i] = p.secret(c, short, "")
		case i > 0 && assigned && strings.HasPrefix(flag, "-") && secretName.MatchString(flag) && value != "":
			out[i] = as(flag) + "=" + p.secret(c, strings.Trim(flag, "-"), "")
		case i > 1 && !strings.HasPrefix(word, "-") && strings.HasPrefix(argv[i-1], "--") && !strings.Contains(argv[i-1], "=") && secretName.MatchString(argv[i-1]):
			out[i] = p.secret(c, strings.Trim(argv[i-1], "-"), "")
		default:
			out[i] = as(word)
		}
	}
	return out
}

// CommandLine takes a command line apart as a shell does; one that only a shell can
// read becomes a call of sh.
func CommandLine(line string) []string {
	if argv, ok := words(line); ok && len(argv) > 0 {
		return argv
	}
	return []string{"sh", "-c", line}
}
