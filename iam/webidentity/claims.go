package webidentity

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// skew is how far an issuer's clock may be ahead of ours.
	skew = 5 * time.Minute

	// oldest is the age at which a token is refused even if it hasn't expired. AWS refuses one of
	// 441,398 seconds and says no figure; the least round one below that refuses the fewest.
	oldest = 5 * 24 * time.Hour

	longestSubject = 255 // characters (OpenID Connect Core 1.0, section 2)
)

// Claims are what a token says that was verified.
type Claims struct {
	Provider string // the ARN of the provider that it was verified by
	Issuer   string // its URL
	Subject  string
	Audience string // the one that was compared with the provider's clients: azp if there is one

	AuthorizedParty string   // azp; may be empty
	Methods         []string // amr, by which the subject was authenticated; may be empty
	IssuedAt        time.Time
	Expires         time.Time

	// SessionTags are those that the issuer gives the session, TransitiveTagKeys those of them that
	// go on to later sessions, and SourceIdentity who it is. Their limits are the session's to check.
	SessionTags       map[string]string
	TransitiveTagKeys []string
	SourceIdentity    string

	// Roles are the ARNs of the only roles that the token is for: see [Claims.MayTake]. Nil, and not
	// empty, if it names none.
	Roles []string

	// Values are those of the issuer's condition keys, ISSUER:aud, ISSUER:sub, ISSUER:amr and
	// ISSUER:azp, where ISSUER is its URL without the scheme, and one for each further claim.
	Values map[string][]string
}

// claims are the members of a token's payload.
type claims map[string]jsontext.Value

// text returns a claim that every token has, and that is a string.
func (c claims) text(name string) (s string, err error) {
	value, ok := c[name]
	if !ok {
		return "", missing(name)
	}
	if value.Kind() != '"' {
		return "", errNotValidated.Because(fmt.Errorf("%s is no string", name))
	}
	return s, json.Unmarshal(value, &s)
}

// texts returns a claim that every token has, and that is a string or a list of strings.
func (c claims) texts(name string) (list []string, err error) {
	value, ok := c[name]
	if !ok {
		return nil, missing(name)
	}
	if value.Kind() == '"' {
		one, err := c.text(name)
		return []string{one}, err
	}
	if list, ok = stringsIn(value); !ok {
		return nil, errNotValidated.Because(fmt.Errorf("%s is no list of strings", name))
	}
	return list, nil
}

// stringsIn returns a list that holds strings alone.
func stringsIn(value jsontext.Value) (list []string, ok bool) {
	var values []jsontext.Value
	if value.Kind() != '[' || json.Unmarshal(value, &values) != nil {
		return nil, false
	}
	list = make([]string, len(values))
	for i, v := range values {
		// A null would otherwise be read as an empty string.
		if v.Kind() != '"' || json.Unmarshal(v, &list[i]) != nil {
			return nil, false
		}
	}
	return list, true
}

// date returns a NumericDate (RFC 7519, section 2), which may have a fraction.
func (c claims) date(name string) (time.Time, error) {
	value, ok := c[name]
	if !ok {
		return time.Time{}, missing(name)
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	if value.Kind() != '0' || err != nil || math.Abs(seconds) > 253402300799 { // year 9999
		return time.Time{}, errNotValidated.Because(fmt.Errorf("%s is no date", name))
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), nil
}

// times checks that the token holds now.
func (c *Claims) times(said claims, now time.Time) (err error) {
	if c.Expires, err = said.date("exp"); err != nil {
		return err
	}
	if !now.Before(c.Expires) {
		// There is no blank before the second number: AWS's has none.
		return expired("Token expired: current date/time %d must be before the expiration "+
			"date/time%d", now.Unix(), c.Expires.Unix())
	}
	if c.IssuedAt, err = said.date("iat"); err != nil {
		return err
	}
	if age := now.Sub(c.IssuedAt); age > oldest {
		return expired("Token too old: %d", int64(age.Seconds()))
	}
	begins := c.IssuedAt
	if _, ok := said["nbf"]; ok {
		if begins, err = said.date("nbf"); err != nil {
			return err
		}
	}
	for _, begin := range []time.Time{c.IssuedAt, begins} {
		if begin.Sub(now) > skew {
			return errNotValidated.Because(fmt.Errorf("it holds from %s on", begin.Format(time.RFC3339)))
		}
	}
	return nil
}

// read takes over what the token says of its subject and for the session.
func (c *Claims) read(t *Token) (err error) {
	if c.Subject, err = t.claims.text("sub"); err != nil {
		return err
	}
	if c.Subject == "" || utf8.RuneCountInString(c.Subject) > longestSubject ||
		strings.ContainsFunc(c.Subject, unicode.IsControl) {
		return errNotValidated.Because(errors.New("sub is no name"))
	}
	if _, ok := t.claims["azp"]; ok {
		if c.AuthorizedParty, err = t.claims.text("azp"); err != nil {
			return err
		}
	}
	if _, ok := t.claims["amr"]; ok {
		if c.Methods, err = t.claims.texts("amr"); err != nil {
			return err
		}
	}
	if err := c.session(t.claims); err != nil {
		return err
	}
	return c.values(t)
}
