package document

import (
	"regexp"
	"strings"
)

// envReader reads a .env file from front to back.
type envReader struct {
	rest string
	line int
}

// readEnv reads lines of KEY=VALUE, with or without export before. A value may be in single quotes,
// where everything stands for itself, or in double quotes, where a backslash takes the meaning of
// what follows it; both may have several lines. Nothing is expanded: a $ is a $.
func readEnv(text string) (entries []Entry, err error) {
	r := &envReader{rest: strings.ReplaceAll(text, "\r\n", "\n"), line: 1}
	for r.rest != "" {
		e, there, err := r.entry()
		if err != nil {
			return nil, err
		}
		if there {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// blanks are what may stand around keys and values.
const blanks = " \t"

// entry reads one line, and those that a value in quotes goes on in. There may be no entry in it.
func (r *envReader) entry() (e Entry, there bool, err error) {
	r.rest = strings.TrimLeft(r.rest, blanks)
	if r.rest == "" || r.rest[0] == '\n' || r.rest[0] == '#' {
		r.upTo("\n")
		return e, false, nil
	}
	e.Line = r.line
	if e.Name, err = r.key(); err != nil {
		return e, false, err
	}
	trimmed := strings.TrimLeft(r.rest, blanks)
	switch {
	case strings.HasPrefix(trimmed, "'"):
		r.rest = trimmed[1:]
		e.Value, there = r.upTo("'")
	case strings.HasPrefix(trimmed, `"`):
		r.rest = trimmed[1:]
		e.Value, there = r.escaped()
	default:
		e.Value = r.bare()
		return e, true, nil
	}
	if !there {
		return e, false, wrong(e.Line, "its quotes are not closed")
	}
	return e, true, r.nothingElse()
}

// nothingElse takes the rest of a line, which may be a comment.
func (r *envReader) nothingElse() error {
	line := r.line
	rest, _ := r.upTo("\n")
	rest = strings.TrimLeft(rest, blanks)
	if rest != "" && rest[0] != '#' {
		return wrong(line, "something stands behind the closing quote")
	}
	return nil
}

// upTo takes what stands before an end, and the end. It reports whether the end was there.
func (r *envReader) upTo(end string) (text string, there bool) {
	text, r.rest, there = strings.Cut(r.rest, end)
	r.line += strings.Count(text, "\n")
	if there {
		r.line += strings.Count(end, "\n")
	}
	return text, there
}

// key takes a key and its equals sign. What isn't a line of this kind is not repeated: it may be a
// piece of a secret.
func (r *envReader) key() (string, error) {
	text, _, _ := strings.Cut(r.rest, "\n")
	key, _, there := strings.Cut(text, "=")
	if !there {
		return "", wrong(r.line, "there is no = in it")
	}
	r.rest = r.rest[len(key)+1:]
	key = strings.TrimRight(key, blanks)
	if after, exported := strings.CutPrefix(key, "export"); exported {
		if trimmed := strings.TrimLeft(after, blanks); trimmed != "" && trimmed != after {
			key = trimmed
		}
	}
	if key == "" || strings.ContainsAny(key, blanks+`"'#`) {
		return "", wrong(r.line, "before the = there is no key")
	}
	return key, nil
}

// bare takes a value without quotes: up to the end of the line, or to a comment, which begins
// behind a blank.
func (r *envReader) bare() string {
	text, _ := r.upTo("\n")
	if at := comment.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	return strings.Trim(text, blanks)
}

var comment = regexp.MustCompile(`[ \t]#`)

// escapes are what a backslash makes of the character behind it. Before any other it stands for
// itself.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '"': '"', '$': '$', '`': '`'}

// escaped takes a value up to its closing double quote.
func (r *envReader) escaped() (string, bool) {
	var value strings.Builder
	for i := 0; i < len(r.rest); i++ {
		c := r.rest[i]
		switch {
		case c == '"':
			r.upTo(r.rest[:i+1])
			return value.String(), true
		case c == '\\' && i+1 < len(r.rest) && escapes[r.rest[i+1]] != 0:
			i++
			c = escapes[r.rest[i]]
		}
		value.WriteByte(c)
	}
	return "", false
}

// simple is a value that needs no quotes, for whoever reads it.
var simple = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-]+$`)

// inDouble is how a text is written in double quotes. A shell would make something else of $ and
// of a backquote.
var inDouble = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`", "\r", `\r`)

func writeEnv(values []Value) []byte {
	var b strings.Builder
	for _, v := range values {
		text := v.Text
		switch {
		case simple.MatchString(text):
		case strings.ContainsAny(text, "'\n\r"):
			text = `"` + inDouble.Replace(text) + `"`
		default:
			text = "'" + text + "'"
		}
		b.WriteString(v.Name + "=" + text + "\n")
	}
	return []byte(b.String())
}
