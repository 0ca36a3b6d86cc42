package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// row is a row of the list as it is compared.
type row struct {
	allowed  Allowed
	scheme   string // of a URL
	host     string // lower case, an address without brackets
	endpoint string // host:port
	path     string // decoded
	escaped  string // as it is sent
}

func parse(a Allowed) (*row, error) {
	if (a.URL == "") == (a.Address == "") {
		return nil, errors.New("a row has a url or an address, and one of them only")
	}
	if a.Address != "" {
		e, err := endpoint(a.Address)
		if err != nil {
			return nil, err
		}
		host, _, _ := net.SplitHostPort(e)
		return &row{allowed: a, host: host, endpoint: e}, nil
	}
	u, err := read(a.URL)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, fmt.Errorf("%s: a row ends with the path, and any query may follow", a.URL)
	}
	if strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") {
		return nil, fmt.Errorf("%s: a slash that is written otherwise is no step of a path", a.URL)
	}
	if u.Scheme == "http" && a.Roots != nil {
		return nil, fmt.Errorf("%s: there are no certificates without https", a.URL)
	}
	return &row{allowed: a, scheme: u.Scheme, host: u.Hostname(), endpoint: u.Host,
		path: u.Path, escaped: u.EscapedPath()}, nil
}

func (d *Door) has(r *row) bool {
	for _, other := range append(d.urls[:len(d.urls):len(d.urls)], d.addresses...) {
		if other.scheme == r.scheme && other.endpoint == r.endpoint && other.path == r.path {
			return true
		}
	}
	return false
}

// covers reports whether the row is the beginning of a URL, up to a whole step of its path: both as
// that is sent and as it is when its escapes are read, since servers look at either.
func (r *row) covers(u *url.URL) bool {
	return u.Scheme == r.scheme && u.Host == r.endpoint && begins(u.Path, r.path) &&
		begins(u.EscapedPath(), r.escaped)
}

func begins(path, with string) bool {
	rest, ok := strings.CutPrefix(path, with)
	return ok && (rest == "" || strings.HasSuffix(with, "/") || rest[0] == '/')
}

// read reads a URL in the one spelling in which URLs are compared here: host in small letters with
// its port, path never empty. A path in which servers might see another one is refused: with steps
// up, however they are written, or with backslashes.
func read(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%.200q is no https URL", shown(text))
	}
	if u.User != nil || u.Fragment != "" || strings.HasSuffix(text, "#") {
		return nil, fmt.Errorf("%.200q has a user or a fragment, which a URL that is called "+
			"can't have", shown(text))
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	if u.Host, err = endpoint(net.JoinHostPort(u.Hostname(), port)); err != nil {
		return nil, err
	}
	if u.Path == "" {
		u.Path = "/"
	}
	if strings.Contains(u.Path, `\`) {
		return nil, fmt.Errorf("%.200q has a backslash in its path", shown(text))
	}
	for step := range strings.SplitSeq(u.Path, "/") {
		if step == "." || step == ".." {
			return nil, fmt.Errorf("%.200q has steps up in its path", shown(text))
		}
	}
	return u, nil
}

// shown is a URL as errors quote it, be it one or not: without a user, a query and a fragment,
// which may be somebody's credentials.
func shown(text string) string {
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		text = text[:i]
	}
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		scheme, _, ok := strings.Cut(text, "//")
		if text = text[i+1:]; ok {
			text = scheme + "//" + text
		}
	}
	return text
}

// endpoint reads host:port in the spelling in which they are compared.
func endpoint(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("%.200q is no host:port", text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("%.200q has no port", text)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || strings.ContainsAny(host, " \t\r\n/?#@%*") {
		return "", fmt.Errorf("%.200q names no host", text)
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}
