package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"claviger/api/rest"
	"claviger/internal/op"
	"claviger/internal/shape"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

//go:embed docs/page.html
var pageFile string

//go:embed docs/page.css
var style string

//go:embed docs/page.js
var script string

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"inline": inline, "pretty": pretty, "lower": strings.ToLower, "code": code, "plain": plainText,
	"humps": humps, "rules": ruled,
}).Parse(pageFile))

// pagePolicy lets a browser use the page's own style and script, known by their hashes, and load or
// send nothing at all.
var pagePolicy = "default-src 'none'; style-src " + hashOf(style) + "; script-src " +
	hashOf(script) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// mountDocs serves the description of the API, made from the registry.
func (s *server) mountDocs(r chi.Router) {
	r.Head("/", s.toDocs())
	seen(r, "/openapi.json", s.document(onceAsked("application/json", func() []byte {
		return OpenAPI(s.Operations, s.Version)
	})))
	seen(r, "/docs", s.document(onceAsked("text/html; charset=utf-8", func() []byte {
		return page(s.Operations, s.Version)
	})))
}

// document bounds how many answers that need no signature are on their way.
func (s *server) document(next http.HandlerFunc) http.HandlerFunc {
	bounded := s.shared(s.gates.documents, "documents", next)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", uuid.NewString()) // those who are turned away have one too
		bounded(w, r)
	}
}

// toDocs sends on whoever looks at the root.
func (s *server) toDocs() http.HandlerFunc {
	return s.document(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/docs", http.StatusSeeOther)
	})
}

// page returns the description of ops for people, as one document of HTML that needs nothing else.
func page(ops []op.Operation, version string) []byte {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, map[string]any{
		"Version": version, "Style": template.CSS(style), "Script": template.JS(script),
		"Guide": blocks(guide()), "Services": services(describe(ops, map[string]*shape.Schema{})),
	})
	if err != nil {
		panic("api: the page can't be written: " + err.Error())
	}
	return b.Bytes()
}

// endpoint is the address in the examples of the guide. On the page it becomes that of the service
// which has sent it.
const endpoint = "http://127.0.0.1:8200"

// code marks the addresses in an example.
func code(text string) template.HTML {
	text = template.HTMLEscapeString(text)
	for _, address := range []string{"$AWS_ENDPOINT_URL", endpoint} {
		text = strings.ReplaceAll(text, address, `<span class="endpoint">`+address+`</span>`)
	}
	return template.HTML(text)
}

// ruled is inline text in which it is to be seen what is always refused.
func ruled(text string) template.HTML {
	return template.HTML(strings.ReplaceAll(string(inline(text)), "always refused",
		`<span class="never">always refused</span>`))
}

// humps lets a name break before its capitals.
func humps(name string) template.HTML {
	return template.HTML(capitals.ReplaceAllString(template.HTMLEscapeString(name), "$1<wbr>$2"))
}

var capitals = regexp.MustCompile(`([a-z])([A-Z])`)

// plainText takes the links out of a text in Markdown.
func plainText(text string) string { return links.ReplaceAllString(text, "$1") }

var links = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// Curl returns the example as a command.
func (d description) Curl() string {
	var b strings.Builder
	fmt.Fprintf(&b, `curl --aws-sigv4 "aws:amz:$AWS_REGION:%s" \`+"\n  --user "+
		`"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \`+"\n", d.Service.Name)
	body := pretty(d.Request("body"))
	if body == "{}" {
		body = ""
	}
	if body == "" && d.Verb != http.MethodGet || body != "" && d.Verb != http.MethodPost {
		fmt.Fprintf(&b, "  --request %s \\\n", d.Verb)
	}
	if body != "" {
		fmt.Fprintf(&b, "  --json '%s' \\\n", strings.ReplaceAll(body, "'", `'\''`))
	}
	return b.String() + `  "$AWS_ENDPOINT_URL` + d.URL() + `"`
}

// Answered is the first line of the answer in an example.
func (d description) Answered() string {
	status := rest.Status(d.Info)
	return fmt.Sprintf("%d %s", status, http.StatusText(status))
}

// block is a piece of the guide: a heading, a paragraph, code or a list.
type block struct {
	Kind, ID, Text string
	Items          []string
}

// blocks reads the Markdown that the guide is written in: blocks with empty lines between.
func blocks(markdown string) (out []block) {
	fences := strings.Split(markdown, "```")
	for i, part := range fences {
		if i%2 == 1 {
			_, code, _ := strings.Cut(part, "\n") // the first line names the language
			out = append(out, block{Kind: "code", Text: strings.TrimRight(code, "\n")})
			continue
		}
		for text := range strings.SplitSeq(part, "\n\n") {
			if text = strings.TrimSpace(text); text != "" {
				out = append(out, readBlock(text))
			}
		}
	}
	return out
}

func readBlock(text string) block {
	if heading, ok := strings.CutPrefix(text, "## "); ok {
		id := strings.ToLower(strings.ReplaceAll(heading, " ", "-"))
		return block{Kind: "heading", Text: heading, ID: id}
	}
	if list, ok := strings.CutPrefix(text, "- "); ok {
		return block{Kind: "list", Items: strings.Split(list, "\n- ")}
	}
	return block{Kind: "text", Text: text}
}

// inline turns backquoted words into code.
func inline(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}

// pretty indents a JSON document.
func pretty(v jsontext.Value) string {
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		return ""
	}
	return string(v)
}
