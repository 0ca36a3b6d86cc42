package apikey

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// complete puts in what a configuration leaves out.
func (c Config) complete() Config {
	if c.Header == "" && c.Prefix == "" {
		c.Header, c.Prefix = "Authorization", "Bearer "
	}
	c.Try.Method = cmp.Or(c.Try.Method, http.MethodGet)
	c.Revoke.Method = cmp.Or(c.Revoke.Method, http.MethodDelete)
	usual := http.MethodPut
	if c.Issued != nil {
		usual = http.MethodPost
	}
	c.Make.Method = cmp.Or(c.Make.Method, usual)
	c.Rules.PasswordLength = cmp.Or(c.Rules.PasswordLength, new(int64(40)))
	c.Rules.ExcludePunctuation = cmp.Or(c.Rules.ExcludePunctuation, new(true))
	return c
}

// validate refuses what could not work, or would work otherwise than it looks.
func (c Config) validate() error {
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	if !isName(c.Header) || strings.ContainsFunc(c.Prefix, unprintable) {
		return errors.New("the header can't carry a key")
	}
	for name, r := range map[string]Request{"try": c.Try, "make": c.Make, "revoke": c.Revoke} {
		if err := r.validate(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	names := c.Revoke.names()
	if unproved := c.unproved(); c.Superusers && unproved != "" {
		return fmt.Errorf("try: with superusers it has to name {%s}, or anybody's could be written "+
			"into a secret", unproved)
	}
	switch {
	case slices.Contains(append(c.Try.names(), names...), tokenName):
		return errors.New("{token} is for making keys and listing them")
	case !slices.Contains(names, idMember) && !slices.Contains(names, keyMember):
		return errors.New("revoke: neither {key_id} nor {api_key} says which key")
	case c.Issued != nil:
		return c.Issued.validate(c)
	}
	return c.validateChosen()
}

// unproved returns a member that a request names and that trying a key doesn't prove to go with it.
func (c Config) unproved() string {
	names := append(c.Make.names(), c.Revoke.names()...)
	if c.Issued != nil && c.Issued.List != nil {
		names = append(names, Request{Path: c.Issued.List.Path}.names()...)
	}
	for _, name := range names {
		if name != keyMember && name != tokenName && !slices.Contains(c.Try.names(), name) {
			return name
		}
	}
	return ""
}

func (c Config) validateChosen() error {
	names := c.Make.names()
	switch {
	case !slices.Contains(names, keyMember):
		return errors.New("make: a chosen key has to be told, by {api_key}")
	case slices.Contains(names, tokenName):
		return errors.New("make: {token} is for keys that the API issues")
	case slices.Contains(c.Revoke.names(), idMember) && !slices.Contains(names, idMember):
		return errors.New("make: without {key_id} nobody knows the new key's name")
	case c.Rules.IncludeSpace != nil && *c.Rules.IncludeSpace:
		return errors.New("a space can't stand in a header")
	}
	return c.Rules.Validate()
}

func (i *Issued) validate(c Config) error {
	names := c.Make.names()
	switch {
	case slices.Contains(names, keyMember) || slices.Contains(names, idMember):
		return errors.New("make: the API issues the key, and it can't be told")
	case !isPointer(i.Key) || !isPointer(i.ID):
		return errors.New("key and id are pointers into the answer, like /key")
	case (i.Idempotency == "") == (i.List == nil):
		return errors.New("either an idempotency header or a list finds a key whose answer was lost")
	case i.List == nil && (!isName(i.Idempotency) || strings.EqualFold(i.Idempotency, c.Header)):
		return errors.New("the idempotency header is none, or is the key's")
	case i.List == nil:
		return nil
	case !slices.Contains(names, tokenName):
		return errors.New("make: without {token} a lost key isn't found in the list")
	case !isPointer(i.List.ID) || !isPointer(i.List.Token):
		return errors.New("list: id and token are pointers into an item, like /name")
	case i.List.Items != "" && !isPointer(i.List.Items):
		return errors.New("list: items is a pointer into the answer, like /keys")
	}
	if err := (Request{Method: http.MethodGet, Path: i.List.Path}).validate(); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}

func (r Request) validate() error {
	path := placeholder.ReplaceAllString(r.Path, "x")
	u, err := url.Parse(path)
	switch {
	case strings.Contains(r.Path, "{"+keyMember+"}"):
		return errors.New("a path with the key in it would be in everybody's logs")
	case !strings.HasPrefix(r.Path, "/") || err != nil || u.Fragment != "" || u.Host != "":
		return errors.New("the path begins with a slash and is no address")
	case !slices.Contains(methods, r.Method):
		return fmt.Errorf("the method is one of %s", strings.Join(methods, ", "))
	case r.Body != "" && !jsontext.Value(placeholder.ReplaceAllString(r.Body, "x")).IsValid():
		return errors.New("the body is no JSON with names in its texts alone")
	}
	return nil
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete}

// isName reports whether a text may be a header's name (RFC 9110, section 5.6.2).
func isName(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
	})
}

func isPointer(text string) bool { return text != "" && jsontext.Pointer(text).IsValid() }
