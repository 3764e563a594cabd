package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// permissive are sentences of the licences that statusbot may be linked with:
// Apache 2.0, MIT, BSD and ISC.
var permissive = []string{
	"apache license version 2.0",
	"permission is hereby granted, free of charge, to any person obtaining a copy",
	"redistribution and use in source and binary forms, with or without modification, are permitted",
	"permission to use, copy, modify, and/or distribute this software for any purpose",
}

// copyleft are names that the licence of nothing linked may have as its title.
var copyleft = regexp.MustCompile(`(?i)^\W*(gnu |mozilla public|eclipse public|common development|server side public|business source|european union public)`)

// TestLicences: each module that the program is linked with has a licence, and
// one that asks for no more than to be named.
func TestLicences(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", ".").Output()
	need(t, err)
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	modules = slices.Compact(modules)
	if len(modules) < 20 {
		t.Fatalf("only %d modules", len(modules))
	}
	for _, m := range modules {
		path, dir, _ := strings.Cut(m, "\t")
		if path == "" {
			continue // the standard library
		}
		if text, ok := licenceOf(t, dir); !ok {
			t.Errorf("%s: no licence is found in %s", path, dir)
		} else if copyleft.MatchString(text) || !slices.ContainsFunc(permissive, func(s string) bool { return strings.Contains(plain(text), s) }) {
			t.Errorf("%s: its licence is none of those above: %.200q", path, text)
		}
	}
}

// licenceOf returns the text of a module's licence.
func licenceOf(t *testing.T, dir string) (string, bool) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	need(t, err)
	for _, e := range entries {
		name, _, _ := strings.Cut(strings.ToUpper(e.Name()), ".")
		if name == "LICENSE" || name == "LICENCE" || name == "COPYING" {
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			need(t, err)
			return string(text), true
		}
	}
	return "", false
}

// plain returns a text in lower case, with single spaces, no marks of quotation
// and no comma between a licence's name and its version.
func plain(text string) string {
	text = strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(text, "\n>", "\n"))), " ")
	return strings.ReplaceAll(text, "license, version", "license version")
}
