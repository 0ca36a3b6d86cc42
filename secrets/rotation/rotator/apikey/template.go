package apikey

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"claviger/secrets/rotation/rotator"
)

// tokenName stands for the mark of a rotation.
const tokenName = "token"

// values returns what stands for a name, or nothing.
type values func(name string) string

func text(d rotator.Document) values { return d.Text }

// marked is a secret's members and the mark.
func marked(d rotator.Document, mark string) values {
	return func(name string) string {
		if name == tokenName {
			return mark
		}
		return d.Text(name)
	}
}

// placeholder finds {name}. A brace of JSON is never one: a quotation mark or another brace comes
// next.
var placeholder = regexp.MustCompile(`\{[a-zA-Z][a-zA-Z0-9_]*\}`)

// names returns the members that a request needs.
func (r Request) names() (names []string) {
	for _, found := range placeholder.FindAllString(r.Path+r.Body, -1) {
		names = append(names, strings.Trim(found, "{}"))
	}
	return names
}

// fill puts values into a template, each escaped. A name without a value isn't among them.
func fill(template string, of values, escape func(string) string) (string, error) {
	var missing string
	filled := placeholder.ReplaceAllStringFunc(template, func(found string) string {
		name := strings.Trim(found, "{}")
		value := of(name)
		// Two dots alone would lead elsewhere on the server.
		if value == "" || value == "." || value == ".." {
			missing = name
		}
		return escape(value)
	})
	if missing != "" {
		return "", rotator.Errorf(rotator.BadSecret, "the secret's value has no %s to ask with", missing)
	}
	return filled, nil
}

// address returns where a request goes, below the API's base.
func (r Request) address(base *url.URL, of values) (string, error) {
	path, query, hasQuery := strings.Cut(r.Path, "?")
	path, err := fill(path, of, url.PathEscape)
	if err != nil {
		return "", err
	}
	if hasQuery {
		query, err = fill(query, of, url.QueryEscape)
		path += "?" + query
	}
	return strings.TrimSuffix(base.String(), "/") + path, err
}

func (r Request) body(of values) (string, error) { return fill(r.Body, of, inJSON) }

// inJSON escapes what stands between quotation marks.
func inJSON(value string) string {
	quoted, _ := jsontext.AppendQuote(nil, value)
	return string(quoted[1 : len(quoted)-1])
}
