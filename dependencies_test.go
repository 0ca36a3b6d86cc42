package claviger_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// required returns the version of each module that go.mod names.
func required(t *testing.T) map[string]string {
	t.Helper()
	versions := map[string]string{}
	for line := range strings.Lines(read(t, "go.mod")) {
		words := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(words) > 1 && strings.Contains(words[0], ".") && strings.HasPrefix(words[1], "v") {
			versions[words[0]] = words[1]
		}
	}
	return versions
}

// dependencies returns the rows of a section of docs/dependencies.md by module.
func dependencies(t *testing.T, heading string) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for _, row := range table(section(t, "docs/dependencies.md", heading)) {
		for _, name := range coded(row[0]) {
			rows[name] = row
		}
	}
	return rows
}

// TestDependencies_EachModule_HasItsReason: none comes without a licence that fits and a reason.
func TestDependencies_EachModule_HasItsReason(t *testing.T) {
	rows := dependencies(t, "## In the binary")
	maps.Copy(rows, dependencies(t, "## In tests only"))
	same(t, "modules of docs/dependencies.md", slices.Sorted(maps.Keys(rows)),
		slices.Sorted(maps.Keys(required(t))))
	for name, row := range rows {
		if len(row) != 4 || row[3] == "" {
			t.Errorf("%s stands in docs/dependencies.md without a reason", name)
		}
	}
}

// TestDependencies_Licence_IsTheModules reads the licence that each module carries.
func TestDependencies_Licence_IsTheModules(t *testing.T) {
	rows := dependencies(t, "## In the binary")
	maps.Copy(rows, dependencies(t, "## In tests only"))
	for name, row := range rows {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", name).Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := licence(t, strings.TrimSpace(string(out))); got != row[1] {
			t.Errorf("%s carries %s, and docs/dependencies.md says %s", name, got, row[1])
		}
	}
}

// licence names the licence in a module's directory by its words.
func licence(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "[LC][IO][CP][EY]*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no licence", dir)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(b)), " ")
	for _, l := range []struct{ words, name string }{
		{"Apache License Version 2.0", "Apache-2.0"},
		{"Mozilla Public License Version 2.0", "MPL-2.0"},
		{"Permission is hereby granted, free of charge, to any person", "MIT"},
		{"Permission to use, copy, modify, and distribute this software for any purpose", "ISC"},
		{"endorse or promote products derived from this software without specific", "BSD-3-Clause"},
		{"Redistribution and use in source and binary forms", "BSD-2-Clause"},
	} {
		if strings.Contains(text, l.words) {
			return l.name
		}
	}
	return "something else"
}

// TestDependencies_Binary_HoldsWhatItSays: what is for tests only is in no binary, and all else is.
func TestDependencies_Binary_HoldsWhatItSays(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}",
		"./cmd/claviger").Output()
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	for _, name := range strings.Fields(string(out)) {
		held[name] = true
	}
	delete(held, "claviger")
	same(t, "modules in the binary", slices.Sorted(maps.Keys(dependencies(t, "## In the binary"))),
		slices.Sorted(maps.Keys(held)))
}

// TestDependencies_JSONLibrary_IsPinned: what reads all that comes from outside is changed by
// whoever has read the change, and says so.
func TestDependencies_JSONLibrary_IsPinned(t *testing.T) {
	version := required(t)["github.com/go-json-experiment/json"]
	text := section(t, "docs/dependencies.md", "## The JSON library")
	if !strings.Contains(text, "\n`"+version+"`\n") {
		t.Errorf("go.mod has %s; docs/dependencies.md says how an update is made, and names the version",
			version)
	}
}
