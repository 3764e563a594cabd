package adopt

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Nagios, Naemon and Icinga 1 write what their templates come to into one file,
// objects.cache (or objects.precache, by nagios -vp): that is read, not the templates.
// Macros $USERn$ stand in resource.cfg, and the unit of intervals and how long a command may take
// in nagios.cfg; both may be named as well.

// object is a define block.
type object struct {
	kind   string
	fields map[string]string
}

func readNagios(p *Plan, sources []Source) error {
	var objects []object
	users := map[string]string{}    // :: $USER1$ -> value
	settings := map[string]string{} // :: key of nagios.cfg -> value
	for _, s := range sources {
		found := nagiosObjects(string(s.Text))
		objects = append(objects, found...)
		if len(found) > 0 {
			continue
		}
		for line := range strings.SplitSeq(string(s.Text), "\n") {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			switch name, value = strings.TrimSpace(name), strings.TrimSpace(value); {
			case ok && aUser.MatchString(name):
				users[name] = value
			case ok && !strings.HasPrefix(name, "#"):
				settings[name] = value
			}
		}
	}
	if len(objects) == 0 {
		return fmt.Errorf("%s has no define blocks; name objects.cache, which nagios writes at its start", sources[0].Name)
	}
	for _, o := range objects {
		if o.fields["use"] != "" || o.fields["register"] == "0" {
			return fmt.Errorf("%s has templates, as people write them; name objects.cache, which nagios writes at its start and which holds what they come to", sources[0].Name)
		}
	}
	if settings["object_cache_file"]+settings["cfg_file"]+settings["cfg_dir"] == "" {
		p.differ("intervals and time-outs", "in minutes, and 1m (30s for hosts), as Nagios has them unless nagios.cfg says otherwise (interval_length, service_check_timeout, host_check_timeout): name that file as well")
	}
	n := nagios{p: p, users: users, settings: settings, hosts: map[string]map[string]string{}, commands: map[string]string{}, groups: map[string]string{}, services: map[string]string{}}
	n.learn(objects)
	for _, o := range objects {
		switch o.kind {
		case "service":
			n.service(o.fields)
		case "host":
			n.host(o.fields)
		case "servicedependency", "hostdependency":
			p.differ("dependencies of hosts and services", "write what is shared under components, and uses: at the checks: the cause is found by who fails and who does not")
		case "serviceescalation", "hostescalation":
			p.differ("escalations", "statusbot tells in Slack, and elsewhere by ways (docs/ways.md)")
		}
	}
	p.differ("max_check_attempts, retry intervals and flap detection", thresholds)
	return nil
}

var (
	aUser     = lazy.Compile(`^\$USER[0-9]+\$$`)
	beginning = lazy.Compile(`^define\s+([a-z]+)\s*\{`)
)

// nagiosObjects reads define blocks.
func nagiosObjects(text string) (objects []object) {
	var open *object
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch m := beginning.FindStringSubmatch(line); {
		case line == "" || line[0] == '#' || line[0] == ';':
		case m != nil:
			open = &object{kind: m[1], fields: map[string]string{}}
		case line == "}" && open != nil:
			objects = append(objects, *open)
			open = nil
		case open != nil:
			name, value := line, ""
			if i := strings.IndexAny(line, " \t"); i > 0 {
				name, value = line[:i], strings.TrimSpace(line[i:])
			}
			open.fields[name] = value
		}
	}
	return objects
}

type nagios struct {
	p        *Plan
	users    map[string]string
	settings map[string]string            // of nagios.cfg
	hosts    map[string]map[string]string // :: host_name -> its fields
	commands map[string]string            // :: command_name -> command_line
	groups   map[string]string            // :: host_name -> the first of its groups
	services map[string]string            // :: host_name,service_description -> the first of its groups
}

func (n *nagios) learn(objects []object) {
	for _, o := range objects {
		f := o.fields
		switch o.kind {
		case "host":
			n.hosts[f["host_name"]] = f
		case "command":
			n.commands[f["command_name"]] = f["command_line"]
		case "hostgroup":
			for host := range strings.SplitSeq(f["members"], ",") {
				if host = strings.TrimSpace(host); n.groups[host] == "" {
					n.groups[host] = cmp.Or(f["alias"], f["hostgroup_name"])
				}
			}
		case "servicegroup":
			members := strings.Split(f["members"], ",")
			for i := 0; i+1 < len(members); i += 2 {
				if service := strings.TrimSpace(members[i]) + "," + strings.TrimSpace(members[i+1]); n.services[service] == "" {
					n.services[service] = cmp.Or(f["alias"], f["servicegroup_name"])
				}
			}
		}
	}
}

func (n *nagios) service(f map[string]string) {
	host := n.hosts[f["host_name"]]
	n.check(f["host_name"]+"/"+f["service_description"], f["host_name"], f, host)
}

func (n *nagios) host(f map[string]string) {
	if f["check_command"] == "" || f["active_checks_enabled"] == "0" {
		return
	}
	n.check(f["host_name"]+"/host", f["host_name"], f, f)
}

// check makes a check of a service, or of a host itself.
func (n *nagios) check(name, hostName string, f, host map[string]string) {
	p := n.p
	product := p.product(cmp.Or(n.services[hostName+","+f["service_description"]], n.groups[hostName], hostName), "")
	every := time.Duration(number(f["check_interval"], 5) * number(n.settings["interval_length"], 60) * float64(time.Second))
	if f["active_checks_enabled"] == "0" {
		n.pushed(product, name, f, every)
		return
	}
	if interval, err := strconv.ParseFloat(f["check_interval"], 64); err == nil && interval == 0 {
		p.refuse(name, "it is looked at when something else asks for it, not at an interval (check_interval 0)")
		return
	}
	parts := arguments(f["check_command"])
	line, known := n.commands[parts[0]]
	if !known {
		p.refuse(name, "its command "+parts[0]+" is not defined in the files that were named")
		return
	}
	c := p.begin(product, name, "exec")
	c.name = name
	c.Every, c.Timeout = every, min(every, n.wait(f))
	text, why := n.macros(&c, line, parts[1:], f, host)
	if why != "" {
		delete(p.ids, c.ID)
		p.refuse(name, why)
		return
	}
	differs := append(p.nagiosCommand(&c, text), nagiosBeside(&c, f)...)
	p.add(c, differs...)
}

// pushed makes a check of a service whose results come from outside.
func (n *nagios) pushed(product, name string, f map[string]string, every time.Duration) {
	c := n.p.begin(product, name, "heartbeat")
	c.name = name
	c.Every = cmp.Or(time.Duration(number(f["freshness_threshold"], 0)*float64(time.Second)), every)
	c.Options["token"] = n.p.secret(&c, "token", "")
	n.p.add(c, "its results came from outside (NSCA): whoever reports must send to statusbot, with a new token (docs/kinds/heartbeat.md)")
}

// wait is how long the command of a service may take, or that of a host.
func (n *nagios) wait(f map[string]string) time.Duration {
	seconds := number(n.settings["service_check_timeout"], 60)
	if f["service_description"] == "" {
		seconds = number(n.settings["host_check_timeout"], 30)
	}
	return time.Duration(seconds * float64(time.Second))
}

// nagiosCommand writes a command line whose macros have their values.
func (p *Plan) nagiosCommand(c *Check, line string) (differs []string) {
	argv, ok := words(line)
	if !ok || len(argv) == 0 {
		argv = []string{"sh", "-c", line}
		differs = append(differs, "it runs through sh, since the command line is a program of the shell")
	}
	argv = p.withoutSecrets(c, argv, func(word string) string { return word })
	list := make([]any, len(argv))
	for i, word := range argv {
		list[i] = word
	}
	c.Options["argv"] = list
	if strings.Contains(strings.Join(argv, " "), "${") {
		p.differ("macros with secrets", "as arguments they are seen by everybody on the machine, as they were; env: and a file are better")
	}
	return differs
}

// nagiosBeside writes what stands beside the command.
func nagiosBeside(c *Check, f map[string]string) (differs []string) {
	if period := f["check_period"]; period != "" && period != "24x7" {
		differs = append(differs, "it runs at all hours: its check_period "+period+" is not written")
	}
	switch notes := cmp.Or(f["notes_url"], f["action_url"]); {
	case (strings.HasPrefix(notes, "http://") || strings.HasPrefix(notes, "https://")) && !strings.ContainsAny(notes, "$ "):
		c.Runbook = notes
	case notes != "":
		differs = append(differs, "its notes_url is not written: it has macros, or is no whole address")
	}
	if handler := f["event_handler"]; handler != "" {
		differs = append(differs, "its event_handler "+arguments(handler)[0]+" is not run")
	}
	return differs
}

func number(s string, otherwise float64) float64 {
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// arguments takes check_http!a!b apart; \! is the sign itself.
func arguments(command string) []string {
	const mark = "\x00"
	parts := strings.Split(strings.ReplaceAll(command, `\!`, mark), "!")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], mark, "!")
	}
	return parts
}

var aMacro = lazy.Compile(`\$([A-Z_]+[A-Z0-9_]*)\$|\$\$`)

// macros puts values in for $HOSTADDRESS$ and its like.
func (n *nagios) macros(c *Check, line string, args []string, f, host map[string]string) (text, why string) {
	for range 3 { // arguments may hold macros
		changed := false
		line = aMacro.ReplaceAllStringFunc(line, func(macro string) string {
			if macro == "$$" {
				return macro
			}
			value, ok := n.macro(c, strings.Trim(macro, "$"), args, f, host)
			if !ok {
				why = "the macro " + macro + " has no counterpart"
			}
			changed = true
			return value
		})
		if !changed || why != "" {
			break
		}
	}
	return line, why
}

// macro is the value of one; a password becomes ${NAME}.
func (n *nagios) macro(c *Check, name string, args []string, f, host map[string]string) (value string, ok bool) {
	if i, err := strconv.Atoi(strings.TrimPrefix(name, "ARG")); err == nil && strings.HasPrefix(name, "ARG") {
		if i < 1 || i > len(args) {
			return "", true // as there
		}
		return args[i-1], true
	}
	if strings.HasPrefix(name, "USER") {
		value, known := n.users["$"+name+"$"]
		if known && strings.HasPrefix(value, "/") {
			return value, true
		}
		if name == "USER1" {
			return "/usr/lib/nagios/plugins", true // Debian's
		}
		n.p.own("NAGIOS_"+name, "the macro $"+name+"$")
		return "${NAGIOS_" + name + "}", true
	}
	for prefix, fields := range map[string]map[string]string{"_HOST": host, "_SERVICE": f} {
		if custom, is := strings.CutPrefix(name, prefix); is {
			value := fields["_"+custom]
			if secretKey.MatchString(custom) && value != "" {
				return n.p.secret(c, custom, ""), true
			}
			return literal(value), true
		}
	}
	value, ok = map[string]string{
		"HOSTADDRESS": cmp.Or(host["address"], host["host_name"]), "HOSTNAME": host["host_name"], "HOSTALIAS": cmp.Or(host["alias"], host["host_name"]),
		"HOSTDISPLAYNAME": cmp.Or(host["display_name"], host["host_name"]), "SERVICEDESC": f["service_description"], "HOSTADDRESS6": host["address6"],
	}[name]
	return literal(value), ok
}

// words takes a command line apart as a shell does; false for what only a shell can do.
func words(line string) (list []string, ok bool) {
	var word strings.Builder
	inside, begun := byte(0), false
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; {
		case inside == '\'' && ch != '\'', inside == '"' && ch != '"' && ch != '\\' && ch != '`' && !(ch == '$' && !strings.HasPrefix(line[i:], "${")):
			word.WriteByte(ch)
		case ch == inside:
			inside = 0
		case inside == 0 && (ch == '\'' || ch == '"'):
			inside, begun = ch, true
		case ch == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			begun = true
		case inside == 0 && (ch == ' ' || ch == '\t'):
			if begun || word.Len() > 0 {
				list = append(list, word.String())
			}
			word.Reset()
			begun = false
		case strings.IndexByte("|&;<>()`*?[#~\n", ch) >= 0, ch == '$' && !strings.HasPrefix(line[i:], "${"), ch == '=' && len(list) == 0 && word.Len() > 0:
			return nil, false
		default:
			word.WriteByte(ch)
		}
	}
	if begun || word.Len() > 0 {
		list = append(list, word.String())
	}
	return list, inside == 0
}
