package probe

import (
	"net"
	"net/url"
	"reflect"
	"strings"
)

// HostOf returns the host that a check asks, in lower case, or nothing if it
// asks none (a script) or the kind's options do not name one. All kinds that
// connect call it address, url, host or resolver.
func HostOf(options any) string {
	v := reflect.Indirect(reflect.ValueOf(options))
	if v.Kind() != reflect.Struct {
		return ""
	}
	_, text := whoIsAsked(v)
	return hostIn(text)
}

// whoIsAsked returns the option that says whom a check asks, with its value; empty for
// none.
func whoIsAsked(v reflect.Value) (key, text string) {
	for _, key := range []string{"url", "address", "host", "resolver"} {
		if text := textOf(v, key); text != "" {
			return key, text
		}
	}
	return "", ""
}

// textOf returns the value of an option, or the first of its values; empty for none.
func textOf(v reflect.Value, key string) string {
	for field, value := range v.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("mapstructure"), ","); name != key {
			continue
		}
		if value.Kind() == reflect.Slice && value.Len() > 0 {
			value = value.Index(0)
		}
		if value.Kind() == reflect.String {
			return value.String()
		}
	}
	return ""
}

// hostIn returns the host without the dot that a name may end with.
func hostIn(address string) string {
	host := address
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		host = u.Hostname()
	} else if before, _, err := net.SplitHostPort(address); err == nil {
		host = before
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
