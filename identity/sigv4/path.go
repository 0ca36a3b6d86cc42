package sigv4

import (
	"path"
	"strings"
)

// maxPaths is the number of forms in which a path may have been signed.
const maxPaths = 4

// canonicalPaths appends the forms in which a path, as sent, may have been signed: encoded once
// more, as sent, and both of them normalised if the path means nothing. See the package comment for
// why the two can't be confused.
func canonicalPaths(to []string, sent string, normalise bool) []string {
	if sent == "" {
		sent = "/"
	}
	to = appendForms(to, sent)
	if normalise {
		if normal := normalised(sent); normal != sent {
			to = appendForms(to, normal)
		}
	}
	return to
}

// appendForms appends one path encoded again and, where that is safe and differs, as sent. If the
// second form of path A is the first of path B, then A is B escaped, and decodes to B as long as B
// has no percent sign, which A would show as %25.
func appendForms(to []string, sent string) []string {
	again := encodedAgain(sent)
	to = append(to, again)
	if again != sent && !strings.Contains(sent, "%25") {
		to = append(to, sent)
	}
	return to
}

// normalised removes "." and ".." segments and repeated slashes, but not a slash at the end (RFC
// 3986 section 5.2.4, with AWS's rule on slashes).
func normalised(sent string) string {
	clean := path.Clean(sent)
	if clean != "/" && strings.HasSuffix(sent, "/") {
		clean += "/"
	}
	return clean
}

// encodedAgain escapes every byte of a path that is not unreserved or a slash.
func encodedAgain(sent string) string {
	if strings.Trim(sent, unreservedBytes+"/") == "" {
		return sent // as most paths are
	}
	b := make([]byte, 0, len(sent)+16)
	for i := range len(sent) {
		if c := sent[i]; unreserved[c] || c == '/' {
			b = append(b, c)
		} else {
			b = appendEscape(b, c)
		}
	}
	return string(b)
}
