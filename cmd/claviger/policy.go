package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/exit"
	"claviger/policy"
	"claviger/policy/inspect"
	"claviger/service"
)

// policyKinds are the kinds of policies, by what reads them as the operation does that saves them.
var policyKinds = map[string]func(string) (*policy.Document, error){
	"identity": policy.ParseManaged, "inline": policy.ParseInline, "trust": policy.ParseTrust,
	"key": policy.ParseOfKey, "secret": policy.ParseSecret}

// mostOfPolicy is how many bytes of a file are read, far more than any policy may have.
const mostOfPolicy = 1 << 20

// remark is what is found in a file. Line and Column are 0 where no place can be told.
type remark struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Kind   string `json:"kind"` // malformed, or one of package inspect
	Text   string `json:"text"`
}

// malformedKind is the kind of a remark that no operation would take the policy.
const malformedKind = "malformed"

func (r *remark) String() string {
	at := r.File
	if r.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", r.File, r.Line, r.Column)
	}
	return at + ": " + r.Kind + ": " + r.Text
}

func policyCommand(_ context.Context, e *env, args []string) error {
	if len(args) > 0 && command.AsksHelp(args[0]) {
		args = []string{"lint", "-h"}
	}
	if len(args) == 0 || args[0] != "lint" {
		return exit.UsageError("policy: say what to do: claviger policy lint FILE")
	}
	kinds := strings.Join(slices.Sorted(maps.Keys(policyKinds)), ", ")
	f := e.Flags("policy lint", "[--kind KIND] [--json] FILE...", "Says what is wrong with policies, "+
		"and what in them never matches or allows more than it seems. A FILE of - is\nthe standard "+
		"input. It fails if a policy can't be saved; everything else is to be thought about.")
	kind := f.String("kind", "identity", "what `kind` of policy they are: "+kinds)
	asJSON := f.Bool("json", false, "print a JSON object a line")
	if err := command.ReadFlags(f, args[1:]); err != nil {
		return err
	}
	read := policyKinds[*kind]
	switch {
	case read == nil:
		return exit.UsageError("policy lint: there is no kind %q, only %s", *kind, kinds)
	case f.NArg() == 0:
		return exit.UsageError("policy lint: say which files")
	}
	malformed := 0
	for _, name := range f.Args() {
		text, err := readPolicy(name)
		if err != nil {
			return err
		}
		for _, r := range lint(name, text, read) {
			if r.Kind == malformedKind {
				malformed++
			}
			if err := e.print(&r, *asJSON); err != nil {
				return err
			}
		}
	}
	if malformed > 0 {
		return fmt.Errorf("%d of %d policies can't be saved", malformed, f.NArg())
	}
	return nil
}

func (e *env) print(r *remark, asJSON bool) error {
	line := []byte(r.String())
	if asJSON {
		var err error
		if line, err = json.Marshal(r); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(e.Stdout, "%s\n", line)
	return err
}

func readPolicy(name string) (string, error) {
	in := os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, mostOfPolicy))
	return string(text), err
}

// lint looks at one policy. What can't be saved is looked at no further.
func lint(name, text string, read func(string) (*policy.Document, error)) (all []remark) {
	d, err := read(text)
	if err != nil {
		r := remark{File: name, Kind: malformedKind, Text: err.Error()}
		if at, ok := inspect.Broken(text); ok {
			r.Line, r.Column = at.Line, at.Column
		}
		return []remark{r}
	}
	for _, f := range inspect.Lint(text, d, service.Actions()) {
		all = append(all, remark{name, f.At.Line, f.At.Column, f.Kind, f.Text})
	}
	return all
}
