package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"claviger/internal/op"
)

// mostWait is the longest that an answer waits for a change: proxies give up after a minute.
const mostWait = 50 * time.Second

// condition returns what a request says of the answers that its caller has: If-None-Match, and
// Prefer: wait (RFC 7240, 4.3), which means something beside it alone. It is nil where the
// operation's answers have no ETags.
func condition(r *http.Request, n op.Info) *op.Condition {
	if !n.Watched {
		return nil
	}
	c := &op.Condition{Has: func(string) bool { return false }}
	values := r.Header.Values("If-None-Match")
	if len(values) == 0 {
		return c
	}
	had := etags(strings.Join(values, ","))
	c.Has = func(etag string) bool { return had["*"] || had[etag] }
	c.Wait = wait(r.Header.Values("Prefer"))
	return c
}

// etags reads If-None-Match: a star, or a list of entity tags, whose weakness counts for nothing
// (RFC 9110, 13.1.2). What comes behind something that can't be read is not read: the caller is
// told more than it had to be, and nothing less.
func etags(list string) map[string]bool {
	if strings.TrimSpace(list) == "*" {
		return map[string]bool{"*": true}
	}
	had := map[string]bool{}
	for {
		list = strings.TrimPrefix(strings.TrimLeft(list, " \t,"), "W/")
		quoted, ok := strings.CutPrefix(list, `"`)
		etag, rest, closed := strings.Cut(quoted, `"`)
		if !ok || !closed {
			return had
		}
		if etag != "*" { // in quotes it is no star
			had[etag] = true
		}
		list = rest
	}
}

// wait reads how long a caller prefers to wait. A preference that can't be read is none (RFC 7240,
// 2), and of several the first counts.
func wait(values []string) time.Duration {
	for preference := range strings.SplitSeq(strings.Join(values, ","), ",") {
		token, _, _ := strings.Cut(preference, ";")
		name, value, _ := strings.Cut(token, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
		if err != nil {
			return 0
		}
		return min(time.Duration(seconds)*time.Second, mostWait)
	}
	return 0
}

// Tell writes the ETag of an answer, and the preference that was heeded. An ETag is weak: the day
// of the last access is not worth another.
func Tell(h http.Header, c *op.Condition) {
	if c == nil || c.ETag == "" {
		return
	}
	h["Etag"] = []string{`W/"` + c.ETag + `"`}
	if c.Wait > 0 {
		h["Preference-Applied"] = []string{"wait=" + strconv.Itoa(int(c.Wait/time.Second))}
	}
}
