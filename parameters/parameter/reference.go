package parameter

import (
	"regexp"
	"strings"

	"claviger/internal/op"
	"claviger/parameters/public"
	"claviger/parameters/ssmfault"
)

// Nobody is the account of parameters that no account has: those that the site declares.
const Nobody = ""

// owner is the account whose parameter a name is, if c's caller says it without an ARN.
func owner(c *op.Call, name string) string {
	if strings.HasPrefix(name+"/", public.Root+"/") {
		return Nobody
	}
	return c.Caller.Account
}

// secretPath is what names are below that stand for secrets.
const secretPath = "/aws/reference/secretsmanager/"

// secretName has the characters of secrets' names.
var secretName = regexp.MustCompile(`^[a-zA-Z0-9/_+=.@!-]+$`)

// readReference reads the name of a secret. What is behind the colon is a label or the id of one of
// its versions.
func readReference(c *op.Call, text, secret, selector string, selected bool) (a Asked, err error) {
	account, region := c.Namespace()
	name := secretPath + secret
	a = Asked{Ref: Ref{Account: account, Region: region, Name: name}, Text: text, Given: name,
		Selector: Selector{Label: selector}, Secret: secret}
	switch {
	case selected && selector == "", strings.Contains(selector, ":"):
		return a, ssmfault.BadReference
	case !secretName.MatchString(secret):
		return a, ssmfault.BadName
	}
	return a, nil
}
