package api

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"

	"claviger/internal/op"
	"claviger/internal/shape"
)

//go:embed docs/api.md.tmpl
var referenceFile string

var referenceTemplate = template.Must(template.New("api.md").
	Funcs(template.FuncMap{"cell": cell}).Parse(referenceFile))

// Reference returns the description of ops as Markdown: one table to an operation.
func Reference(ops []op.Operation) []byte {
	var b bytes.Buffer
	err := referenceTemplate.Execute(&b, map[string]any{
		"Guide": guide(), "Services": services(describe(ops, map[string]*shape.Schema{})),
	})
	if err != nil {
		panic("api: the reference can't be written: " + err.Error())
	}
	return b.Bytes()
}

// cell makes text fit for a table's cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
