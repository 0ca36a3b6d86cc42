package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"net/http"
	"strings"
	"time"

	"claviger/internal/op"
	"claviger/internal/shape"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed docs/page.html
var pageFile string

//go:embed docs/page.css
var style string

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"inline": inline, "pretty": pretty, "lower": strings.ToLower,
}).Parse(pageFile))

// pagePolicy lets a browser use the page's own style, known by its hash, and load or send nothing
// at all.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// mountDocs serves the description of the API, made from the registry once.
func (s *server) mountDocs(r chi.Router) {
	r.Head("/", s.toDocs())
	s.mountDocument(r, "/openapi.json", "application/json", OpenAPI(s.Operations, s.Version))
	s.mountDocument(r, "/docs", "text/html; charset=utf-8", page(s.Operations, s.Version))
}

// document bounds how many answers that need no signature are on their way.
func (s *server) document(next http.HandlerFunc) http.HandlerFunc {
	return s.shared(&s.gates.documents, "documents", next)
}

// toDocs sends on whoever looks at the root.
func (s *server) toDocs() http.HandlerFunc {
	return s.document(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/docs", http.StatusSeeOther)
	})
}

// mountDocument serves one document. Clients keep it and ask whether it changed.
func (s *server) mountDocument(r chi.Router, path, mediaType string, doc []byte) {
	sum := sha256.Sum256(doc)
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	serve := s.document(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("ETag", etag)
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(doc))
	})
	r.Get(path, serve)
	r.Head(path, serve)
}

// page returns the description of ops for people, as one document of HTML that needs nothing else.
func page(ops []op.Operation, version string) []byte {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, map[string]any{
		"Version": version, "Style": template.CSS(style), "Guide": blocks(guide()),
		"Services": services(describe(ops, map[string]*shape.Schema{})),
	})
	if err != nil {
		panic("api: the page can't be written: " + err.Error())
	}
	return b.Bytes()
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
