package sigv4

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stampLayout is ISO 8601's basic format, the only one that is signed.
const stampLayout = "20060102T150405Z"

// maxExpires is the longest life of a presigned request, seven days (X-Amz-Expires, Amazon S3 API
// Reference, "Authenticating Requests: Using Query Parameters").
const maxExpires = 604800

// terminator ends every scope and is the last step of key derivation.
const terminator = "aws4_request"

// time returns the claimed time of signing and its stamp. A Date header may also have HTTP's form.
func (c *claim) time() (time.Time, string, error) {
	// The length keeps out fractions of a second, which Parse would accept after any layout.
	if len(c.date) == len(stampLayout) {
		if at, err := time.Parse(stampLayout, c.date); err == nil {
			return at, c.date, nil
		}
	}
	if !c.presigned && strings.Contains(c.date, " ") {
		if at, err := http.ParseTime(c.date); err == nil {
			return at.UTC(), at.UTC().Format(stampLayout), nil
		}
	}
	return time.Time{}, "", incomplete("Date must be in ISO-8601 'basic format'. Got '%s'. "+
		"See http://en.wikipedia.org/wiki/ISO_8601", echo(c.date))
}

// inTime checks the time of signing against now. A presigned request lives as long as X-Amz-Expires
// says, or for the window if it says nothing or the rules ignore it; any request may be ahead of us
// by the window.
func (c *claim) inTime(at, now time.Time, rules Rules) error {
	window := rules.Window
	life := window
	if c.expires != "" {
		n, err := strconv.ParseUint(c.expires, 10, 32)
		if err != nil || n < 1 || n > maxExpires {
			return incomplete("X-Amz-Expires must be a number of seconds from 1 to %d. Got '%s'.",
				maxExpires, echo(c.expires))
		}
		if !rules.ExpiresIgnored {
			life = time.Duration(n) * time.Second
		}
	}
	// Stamps have no fractions, so the clock's would only make texts that contradict themselves.
	now = now.UTC().Truncate(time.Second)
	stamp := func(t time.Time) string { return t.Format(stampLayout) }
	if oldest := now.Add(-life); at.Before(oldest) {
		return invalid("Signature expired: %s is now earlier than %s (%s - %s)",
			stamp(at), stamp(oldest), stamp(now), span(life))
	}
	if newest := now.Add(window); at.After(newest) {
		return invalid("Signature not yet current: %s is still later than %s (%s + %s)",
			stamp(at), stamp(newest), stamp(now), span(window))
	}
	return nil
}

// span says a duration as AWS does: "5 min.".
func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return fmt.Sprintf("%d sec.", d/time.Second)
}

// scope reads the credential and holds it against the rules; all that is wrong with it is said in
// one text.
func (c *claim) scope(rules Rules, stamp string) (Credential, error) {
	if strings.Count(c.credential, "/") != 4 {
		return Credential{}, incomplete("Credential must have exactly 5 slash-delimited elements, "+
			"e.g. keyid/date/region/service/term, got '%s'", echo(c.credential))
	}
	var part [5]string
	rest := c.credential
	for i := range part {
		part[i], rest, _ = strings.Cut(rest, "/")
	}
	cred := Credential{AccessKeyID: part[0], Date: part[1], Region: part[2], Service: part[3]}
	if text := cred.misfit(rules, part[4], stamp); text != "" {
		return Credential{}, invalid("%s", text)
	}
	return cred, nil
}

// misfit says in AWS's words where a scope differs from the rules and the time of signing; nothing
// if it fits.
func (cred Credential) misfit(rules Rules, end, stamp string) string {
	var text string
	if !slices.Contains(rules.Regions, cred.Region) {
		text += fmt.Sprintf("Credential should be scoped to a valid region, not '%s'. ",
			echo(cred.Region))
	}
	if cred.Service != rules.Service {
		text += fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", rules.Service)
	}
	if end != terminator {
		text += fmt.Sprintf("Credential should be scoped with a valid terminator: '%s', not '%s'. ",
			terminator, echo(end))
	}
	if day := stamp[:8]; cred.Date != day {
		text += fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 "+
			"version of date from HTTP: "+
			"'%s' != '%s', from '%s'.", echo(cred.Date), day, stamp)
	}
	return text
}
