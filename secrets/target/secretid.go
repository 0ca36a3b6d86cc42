package target

import (
	"regexp"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/smfault"
)

// ID is what a caller calls a secret, read but not yet looked up.
type ID struct {
	secret.Ref
	suffix string // of a complete ARN, or nothing
	text   string // as the caller wrote it
	ARN    string // as asked; a plain name gives an ARN without a suffix
}

var (
	// ValidName is what names of secrets are like.
	ValidName = regexp.MustCompile(`^[a-zA-Z0-9/_+=.@!-]{1,512}$`)
	suffixed  = regexp.MustCompile(`^(.+)-([a-zA-Z0-9]{6})$`)
)

// ReadID reads any form of SecretId: a name, a complete ARN, or an ARN without its last
// seven characters. As with AWS, an ARN that ends in a hyphen and six alphanumerics is a
// complete one, even if a secret's own name ends so. A name with a suffix but no ARN around
// it is just another name.
func ReadID(c *op.Call, text string) (id ID, err error) {
	account, region := c.Namespace()
	id = ID{Ref: secret.Ref{Account: account, Region: region, Name: text}, text: text,
		ARN: secret.ARN(account, region, text)}
	if strings.HasPrefix(text, "arn:") {
		if id, err = readARN(text); err != nil {
			return id, err
		}
	}
	if !ValidName.MatchString(id.Name) {
		return id, smfault.BadName
	}
	return id, nil
}

func readARN(text string) (id ID, err error) {
	a, ok := domain.ParseARN(text)
	if !ok || a.Service != secret.Service {
		return id, smfault.BadName
	}
	name, ok := strings.CutPrefix(a.Resource, secret.ARNResource)
	if !ok {
		return id, smfault.BadName
	}
	id = ID{Ref: secret.Ref{Account: a.Account, Region: a.Region, Name: name}, text: text, ARN: text}
	if m := suffixed.FindStringSubmatch(name); m != nil {
		id.Name, id.suffix = m[1], m[2]
	}
	return id, nil
}
