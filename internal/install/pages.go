package install

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// Pages makes and reads page tokens. A token says where the next page begins; it is bound by a MAC to the
// operation, the namespace and the filter it was made for, so that it fits nothing else and can't be made up. Import tokens
// are made in the same way.
type Pages struct{ key []byte }

// ErrPage is the answer to a token that this installation did not make for this listing.
var ErrPage = errors.New("the page token was not made for this request")

const tagSize = 16

// Token returns the token for the page that follows last. scope names the listing: operation, account, Region, filter.
func (p *Pages) Token(last string, scope ...string) string {
	return base64.RawURLEncoding.EncodeToString(append(p.tag(last, scope), last...))
}

// Last returns the last item that the page before ended with.
func (p *Pages) Last(token string, scope ...string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < tagSize {
		return "", ErrPage
	}
	last := string(b[tagSize:])
	if !hmac.Equal(b[:tagSize], p.tag(last, scope)) {
		return "", ErrPage
	}
	return last, nil
}

func (p *Pages) tag(last string, scope []string) []byte {
	h := hmac.New(sha256.New, p.key)
	for _, s := range scope {
		h.Write(text(nil, s))
	}
	h.Write(text(nil, last))
	return h.Sum(nil)[:tagSize]
}
