package webidentity

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What is beyond these is refused and not left out: a policy may deny because of it.
const (
	mostClaims   = 200
	mostInList   = 500
	longestName  = 128  // bytes
	longestValue = 4096 // bytes
)

// google calls its tokens' own audience oaud where they name an authorized party.
const google = "accounts.google.com"

// reserved are the claims whose values are set by what was checked.
var reserved = []string{"aud", "sub", "amr", "azp", "oaud"}

// values sets those of the issuer's condition keys. A claim whose name holds a colon has none: the
// key could be another issuer's, one with a port.
func (c *Claims) values(t *Token) error {
	c.Values = map[string][]string{
		t.Name + ":aud": {c.Audience},
		t.Name + ":sub": {c.Subject},
	}
	if c.AuthorizedParty != "" {
		c.Values[t.Name+":azp"] = []string{c.AuthorizedParty}
	}
	if len(c.Methods) > 0 {
		c.Values[t.Name+":amr"] = c.Methods
	}
	if audiences, err := t.claims.texts("aud"); err == nil && t.Name == google {
		c.Values[t.Name+":oaud"] = audiences
	}
	if len(t.claims) > mostClaims {
		return errNotValidated.Because(fmt.Errorf("it has %d claims", len(t.claims)))
	}
	var seen []string
	for name, value := range t.claims {
		if strings.HasPrefix(name, ofAWS) || strings.Contains(name, ":") {
			continue
		}
		if contains(reserved, name) {
			continue // SUB is not sub, but the key would be the same
		}
		list, err := valuesOf(value)
		if err == nil && (len(name) > longestName || contains(seen, name)) {
			err = errors.New("its name is too long, or another's but for its case")
		}
		if err != nil {
			return errNotValidated.Because(fmt.Errorf("the claim %.64q: %w", name, err))
		}
		seen = append(seen, name)
		if len(list) > 0 {
			c.Values[t.Name+":"+name] = list
		}
	}
	return nil
}

// valuesOf returns the values of a claim that a condition can compare: a string, a number, a truth
// value or a list of strings. Anything else has none.
func valuesOf(value jsontext.Value) (list []string, err error) {
	switch value.Kind() {
	case '"':
		var s string
		if err := json.Unmarshal(value, &s); err != nil {
			return nil, err
		}
		list = []string{s}
	case '0':
		list = []string{number(value)}
	case 't', 'f':
		list = []string{string(value)}
	case '[':
		list, _ = stringsIn(value)
	}
	if len(list) > mostInList {
		return nil, fmt.Errorf("it has %d values", len(list))
	}
	for _, s := range list {
		if len(s) > longestValue {
			return nil, fmt.Errorf("it has a value of %d bytes", len(s))
		}
	}
	return list, nil
}

// number writes a number without an exponent, so that one value has one spelling. An integer stays
// as it is, however long.
func number(value jsontext.Value) string {
	text := string(value)
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
