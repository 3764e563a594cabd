package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"
)

// listKeys are the keys that an included file may hold as well.
var listKeys = []string{"components", "products", "checks", "maintenance", "on_call", "ways", "hooks"}

// sourceOfMain names the main file relative to its own folder.
func sourceOfMain(path string) string { return filepath.Base(path) }

// openDocument reads one file.
func openDocument(path, source string) (*document, *Problem) {
	text, err := readFile(path)
	if err != nil {
		message, instead := whyUnreadable(err)
		return nil, &Problem{File: path, Message: message, Instead: instead}
	}
	return parseDocument(path, source, text)
}

// whyUnreadable says in words why a file or folder could not be read.
func whyUnreadable(err error) (message, instead string) {
	var cause *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file", "check the path and the working directory"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user", "give the user who runs statusbot the right to read it"
	case errors.Is(err, syscall.EISDIR):
		return "is a folder, not a file", "name a file"
	case errors.Is(err, syscall.ENOTDIR):
		return "is not in a folder: part of the path is a file", "check the path"
	case errors.As(err, &cause):
		return "cannot be read: " + cause.Err.Error(), ""
	}
	return "cannot be read", "" // unreachable: os wraps every error into a PathError
}

// include opens the files that the main file includes, each once, in the
// order of the patterns and then of the names.
func (l *loading) include(main *document, path string) []*document {
	at, node := entry(main.root, "include")
	if at == nil {
		return nil
	}
	r := l.reader(main)
	v, ok := r.value(at, node, reflect.TypeFor[[]string](), "include")
	if !ok {
		return nil
	}
	folder := filepath.Dir(path)
	known := []os.FileInfo{}
	if info, err := os.Stat(path); err == nil {
		known = append(known, info)
	}
	var docs []*document
	for i, item := range v.([]any) {
		place, name := at, "include"
		if n := resolve(node); n.Kind == yaml.SequenceNode && i < len(n.Content) {
			place, name = n.Content[i], fmt.Sprintf("include[%d]", i)
		}
		for _, found := range l.matches(main, place, name, folder, item.(string)) {
			l.looked(found)
			info, err := os.Stat(found)
			if err == nil && slices.ContainsFunc(known, func(k os.FileInfo) bool { return os.SameFile(k, info) }) {
				continue
			}
			if err == nil {
				known = append(known, info)
			}
			source, err := filepath.Rel(folder, found)
			if err != nil {
				source = found
			}
			l.files.Paths = append(l.files.Paths, found)
			doc, problem := openDocument(found, filepath.ToSlash(source))
			if problem != nil && problem.Message == fileEmpty {
				continue // all of it may be commented out for a while
			}
			if problem != nil {
				l.problems = append(l.problems, *problem)
				continue
			}
			docs = append(docs, doc)
		}
	}
	return docs
}

// matches returns the files that one pattern names, sorted. A pattern without
// a match is only odd (a folder may be empty today); a plain name without a
// file is wrong.
func (l *loading) matches(main *document, at *yaml.Node, name, folder, pattern string) []string {
	r := l.reader(main)
	if pattern == "" {
		r.note(at, name, "is empty", `write a file or a pattern such as "checks.d/*.yaml"`)
		return nil
	}
	full := pattern
	defer func() { l.files.Patterns = append(l.files.Patterns, full) }()
	if !filepath.IsAbs(pattern) {
		full = filepath.Join(folder, pattern)
	}
	if !strings.ContainsAny(pattern, `*?[`) {
		info, err := os.Stat(full)
		switch {
		case err != nil:
			message, instead := whyUnreadable(err)
			r.note(at, name, fmt.Sprintf("%s: %s", full, message), instead)
			return nil
		case info.IsDir():
			r.note(at, name, full+" is a folder", fmt.Sprintf("write %q", pattern+"/*.yaml"))
			return nil
		}
		return []string{full}
	}
	if strings.Contains(pattern, "**") {
		r.note(at, name, "has **, which is not known here", `write a pattern for each depth, such as "checks.d/*.yaml" and "checks.d/*/*.yaml"`)
		return nil
	}
	found, err := globShown(full)
	if err != nil {
		r.note(at, name, "is not a pattern: a [ is not closed", `write a pattern such as "checks.d/*.yaml"`)
		return nil
	}
	if len(found) > 0 {
		return found
	}
	// Glob says nothing of a folder that it may not read, so look ourselves.
	fixed := filepath.Dir(full[:strings.IndexAny(full, `*?[`)+1])
	if _, err := os.ReadDir(fixed); err != nil && !errors.Is(err, fs.ErrNotExist) {
		message, instead := whyUnreadable(err)
		if errors.Is(err, syscall.ENOTDIR) {
			message, instead = "is a file, not a folder", "name a folder before the pattern"
		}
		r.note(at, name, fmt.Sprintf("%s: %s", fixed, message), instead)
		return nil
	}
	l.warnings = append(l.warnings, main.problem(at, name, fmt.Sprintf("no file matches %q", pattern), "check the pattern, or remove it"))
	return nil
}

// globShown returns what a pattern names, as a shell has it: a file whose name
// begins with a dot (an editor's lock or copy) only if the pattern's does.
func globShown(pattern string) ([]string, error) {
	found, err := filepath.Glob(pattern)
	if strings.HasPrefix(filepath.Base(pattern), ".") {
		return found, err
	}
	return slices.DeleteFunc(found, func(path string) bool { return strings.HasPrefix(filepath.Base(path), ".") }), err
}

// included reads a team's file: lists only.
func (l *loading) included(doc, main *document) {
	r := l.reader(doc)
	settings := shapeOf(reflect.TypeFor[rawSettings]())
	for _, p := range r.pairs(doc.root, "") {
		key := p.key.Value
		_, setting := settings.fields[key]
		switch {
		case slices.Contains(listKeys, key), ownKey(key):
		case key == "include":
			r.note(p.key, key, "an included file may not include further", "put the pattern into "+main.shown)
		case setting:
			r.note(p.key, key, "belongs into the main file; an included file holds components, products, checks and maintenance", "move it to "+main.shown)
		default:
			r.note(p.key, shownKey(key), "unknown key", didYouMean(key, slices.Sorted(slices.Values(listKeys))))
		}
	}
	l.lists(doc)
}
