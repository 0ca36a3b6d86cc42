package secrets

import (
	"regexp"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
)

// secretID is what a caller calls a secret, read but not yet looked up.
type secretID struct {
	secretRef
	suffix string // of a complete ARN, or nothing
	text   string // as the caller wrote it
	arn    string // as asked; a plain name gives an ARN without a suffix
}

var (
	validName = regexp.MustCompile(`^[a-zA-Z0-9/_+=.@!-]{1,512}$`)
	suffixed  = regexp.MustCompile(`^(.+)-([a-zA-Z0-9]{6})$`)
)

// readSecretID reads any form of SecretId: a name, a complete ARN, or an ARN without its last
// seven characters. As with AWS, an ARN that ends in a hyphen and six alphanumerics is a
// complete one, even if a secret's own name ends so. A name with a suffix but no ARN around
// it is just another name.
func readSecretID(c *op.Call, text string) (id secretID, err error) {
	account, region := c.Namespace()
	id = secretID{secretRef: secretRef{account, region, text}, text: text,
		arn: arnOf(account, region, text)}
	if strings.HasPrefix(text, "arn:") {
		if id, err = readARN(text); err != nil {
			return id, err
		}
	}
	if !validName.MatchString(id.name) {
		return id, errName
	}
	return id, nil
}

func readARN(text string) (id secretID, err error) {
	a, ok := domain.ParseARN(text)
	if !ok || a.Service != service {
		return id, errName
	}
	name, ok := strings.CutPrefix(a.Resource, arnResource)
	if !ok {
		return id, errName
	}
	id = secretID{secretRef: secretRef{a.Account, a.Region, name}, text: text, arn: text}
	if m := suffixed.FindStringSubmatch(name); m != nil {
		id.name, id.suffix = m[1], m[2]
	}
	return id, nil
}
