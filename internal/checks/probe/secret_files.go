package probe

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// secretFileMax is how much of a file is looked for in texts, in bytes: no
// password is longer.
const secretFileMax = 16 << 10

// secretFiles returns the paths of the files that a check's options name for a
// secret's content: password_file, bearer_token_file, client_key_file.
func secretFiles(c *checks.Check) []string {
	var list []string
	v := reflect.Indirect(reflect.ValueOf(c.Options))
	collectFiles(c, v, folderOf(v), &list)
	return list
}

func folderOf(v reflect.Value) string {
	if v.Kind() != reflect.Struct {
		return ""
	}
	if dir := v.FieldByName("Dir"); dir.IsValid() && dir.Kind() == reflect.String {
		return dir.String()
	}
	return ""
}

func collectFiles(c *checks.Check, v reflect.Value, dir string, list *[]string) {
	v = reflect.Indirect(v)
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			collectFiles(c, v.Index(i), dir, list)
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			name, isFile := strings.CutSuffix(field.Name, "File")
			switch {
			case !field.IsExported():
			case value.Kind() != reflect.String:
				collectFiles(c, value, dir, list)
			case isFile && value.String() != "" && (redact.Word.MatchString(name) || strings.HasSuffix(name, "Key")):
				path, err := Beside(*c, dir, value.String())
				if err == nil {
					*list = append(*list, filepath.Clean(path))
				}
			}
		}
	}
}

// redactor returns what takes the check's secrets out, those that are in its
// files by now among them.
func (c *Compiled) redactor() redact.Redactor {
	if len(c.files) == 0 {
		return c.redact
	}
	found := map[string]bool{}
	for _, path := range c.files {
		content, err := os.ReadFile(path)
		if err == nil {
			redact.Add(string(content[:min(len(content), secretFileMax)]), found)
		}
	}
	for _, s := range c.redact.Secrets {
		found[s] = true
	}
	return redact.Redactor{Secrets: redact.LongestFirst(found)}
}
