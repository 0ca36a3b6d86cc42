package grant

import (
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// errToken answers a grant token that wasn't made here, or was made for another account or Region.
var errToken = fault.New(fault.Invalid, "InvalidGrantTokenException",
	"The grant token is not valid.")

// Token makes a token for a grant: the ids of its key and of itself, and something new each time,
// under a MAC over account and Region as well. It is opaque to callers. It is no secret either: a
// grant holds for its grantee alone, with the token or without it.
func (s *Grants) Token(c *op.Call, g *Grant) string {
	return s.tokens.Make(g.Key.ID+"/"+g.ID+"/"+c.RequestID, tokenScope(c)...)
}

// ReadToken returns the ids of the key and of the grant that a token of this account and Region was
// made for. The grant may have ended since.
func (s *Grants) ReadToken(c *op.Call, token string) (keyID, grantID string, err error) {
	text, err := s.tokens.Read(token, tokenScope(c)...)
	if err != nil {
		return "", "", errToken.Because(err)
	}
	keyID, rest, _ := strings.Cut(text, "/")
	grantID, _, _ = strings.Cut(rest, "/")
	return keyID, grantID, nil
}

// CheckTokens refuses tokens of which one is not of this account and Region. Those for other keys
// pass: clients send all they have with every request.
func (s *Grants) CheckTokens(c *op.Call, tokens []string) error {
	for _, token := range tokens {
		if _, _, err := s.ReadToken(c, token); err != nil {
			return err
		}
	}
	return nil
}

// tokenScope keeps grant tokens apart from the other tokens of the installation, and from those of
// other accounts and Regions.
func tokenScope(c *op.Call) []string {
	account, region := c.Namespace()
	return []string{"GrantToken", account, region}
}
