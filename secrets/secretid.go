package secrets

import (
	"crypto/rand"
	"regexp"
	"strings"

	"claviger/internal/op"
)

// secretRef is a secret's place in table and cache. A name is taken by one secret at a time; the suffix tells those
// apart that had it one after the other.
type secretRef struct{ account, region, name string }

// named is what a caller calls a secret, read but not yet looked up.
type named struct {
	secretRef
	suffix string // of a complete ARN, or nothing
	arn    string // as asked; a plain name gives an ARN without a suffix
}

const (
	suffixSize = 6
	letters    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

var (
	validName = regexp.MustCompile(`^[a-zA-Z0-9/_+=.@!-]{1,512}$`)
	suffixed  = regexp.MustCompile(`^(.+)-([a-zA-Z0-9]{6})$`)
)

// newSuffix returns the six random characters that end an ARN, so that a name used again is another secret.
func newSuffix() (string, error) {
	d := dice{read: func(n int) ([]byte, error) {
		b := make([]byte, n)
		rand.Read(b)
		return b, nil
	}}
	return d.text(letters, suffixSize)
}

// arnPrefix is an ARN up to the name. There is one partition.
func arnPrefix(account, region string) string {
	return "arn:aws:secretsmanager:" + region + ":" + account + ":secret:"
}

// name reads any form of SecretId: a name, a complete ARN, or an ARN without its last seven characters. As with AWS,
// an ARN that ends in a hyphen and six alphanumerics is a complete one, even if a secret's own name ends so; and a name with a suffix
// but no ARN around it is just another name. An ARN of another Region or account is read, and not looked up.
func name(c *op.Call, secretID string) (n named, err error) {
	n.account, n.region = c.Namespace()
	n.name, n.arn = secretID, arnPrefix(n.account, n.region)+secretID
	if strings.HasPrefix(secretID, "arn:") {
		part := strings.SplitN(secretID, ":", 7)
		if len(part) != 7 || part[1] != "aws" || part[2] != "secretsmanager" || part[5] != "secret" {
			return n, errName
		}
		n = named{secretRef: secretRef{part[4], part[3], part[6]}, arn: secretID}
		if m := suffixed.FindStringSubmatch(n.name); m != nil {
			n.name, n.suffix = m[1], m[2]
		}
	}
	if !validName.MatchString(n.name) {
		return n, errName
	}
	return n, nil
}
