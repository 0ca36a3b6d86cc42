package grant

import (
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
)

// errToken answers a grant token that wasn't made here, or was made for another Region.
var errToken = fault.New(fault.Invalid, "InvalidGrantTokenException",
	"The grant token is not valid.")

// Token makes a token for a grant: account and id of its key, its own id, and something new each
// time, under a MAC over the Region as well. It is opaque to callers. It is no secret either: a
// grant holds for its grantee alone, with the token or without it.
func (s *Grants) Token(c *op.Call, g *Grant) string {
	text := strings.Join([]string{g.Key.Account, g.Key.ID, g.ID, c.RequestID}, "/")
	return s.tokens.Make(text, tokenScope(c)...)
}

// ReadToken returns the key and the id of the grant that a token of this Region was made for. The
// key may be of another account than the caller's, as a grantee may be. The grant may have ended
// since.
func (s *Grants) ReadToken(c *op.Call, token string) (k key.Ref, grantID string, err error) {
	text, err := s.tokens.Read(token, tokenScope(c)...)
	if err != nil {
		return key.Ref{}, "", errToken.Because(err)
	}
	parts := strings.Split(text, "/")
	if len(parts) != 4 {
		return key.Ref{}, "", errToken
	}
	return key.Ref{Account: parts[0], Region: c.Region, ID: parts[1]}, parts[2], nil
}

// CheckTokens refuses tokens of which one is not of this Region. Those for other keys pass: clients
// send all they have with every request.
func (s *Grants) CheckTokens(c *op.Call, tokens []string) error {
	for _, token := range tokens {
		if _, _, err := s.ReadToken(c, token); err != nil {
			return err
		}
	}
	return nil
}

// tokenScope keeps grant tokens apart from the other tokens of the installation, and from those of
// other Regions.
func tokenScope(c *op.Call) []string { return []string{"GrantToken", c.Region} }
