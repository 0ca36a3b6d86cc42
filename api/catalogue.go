package api

import (
	"bytes"
	_ "embed"
	"maps"
	"slices"
	"strings"
	"text/template"

	"claviger/internal/op"
	"claviger/internal/shape"
)

//go:embed docs/errors.md.tmpl
var catalogueFile string

var catalogueTemplate = template.Must(template.New("errors.md").
	Funcs(template.FuncMap{"cell": cell}).Parse(catalogueFile))

// coded is an error with its name.
type coded struct {
	Code, Query string // Query: its name with AWS query, where that is another
	op.Failure
}

// KindNames names the kinds of an error in words.
func (c coded) KindNames() string {
	var names []string
	for _, kind := range c.Kinds {
		names = append(names, kind.String())
	}
	return strings.Join(names, ", ")
}

// Catalogue returns all errors of ops as Markdown: what each means, and what to do about it.
func Catalogue(ops []op.Operation) []byte {
	type service struct {
		Title string
		Codes []coded
	}
	asQuery := &op.Service{XML: "any"}
	var all []service
	for _, g := range services(describe(ops, map[string]*shape.Schema{})) {
		codes := maps.Clone(g.Failures)
		if codes == nil {
			codes = op.Failures{}
		}
		maps.Copy(codes, g.Failing())
		for common, own := range g.Own {
			codes[own] = op.Common[common]
		}
		all = append(all, service{g.Title, codesOf(codes, nil)})
	}
	var b bytes.Buffer
	err := catalogueTemplate.Execute(&b, map[string]any{
		"Common": codesOf(op.Common, asQuery), "Services": all})
	if err != nil {
		panic("api: the catalogue of errors can't be written: " + err.Error())
	}
	return b.Bytes()
}

// codesOf returns errors in order of name, with those that a service with AWS query gives them.
func codesOf(failures op.Failures, query *op.Service) (all []coded) {
	for _, code := range slices.Sorted(maps.Keys(failures)) {
		c := coded{Code: code, Failure: failures[code]}
		if query != nil && query.Named(code) != code {
			c.Query = query.Named(code)
		}
		all = append(all, c)
	}
	return all
}
