package imports

import (
	"strconv"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
)

var (
	errInvalidToken = fault.New(fault.Invalid, "InvalidImportTokenException",
		"The import token is invalid, or is associated with a different KMS key.")
	errExpiredToken = fault.New(fault.Invalid, "ExpiredImportTokenException",
		"The import token is expired. Use GetParametersForImport to get a new import token and "+
			"public key.")
)

// Token returns the import token of a pair. It names the pair and the pair's end, and is bound to
// the key. What else the pair is bound to is in its row, which is signed.
func (s *Pairs) Token(p *Pair) []byte {
	text := p.Material.ID + "/" + strconv.FormatInt(p.Expires.UnixMicro(), 10)
	return []byte(s.tokens.Make(text, tokenScope(p.Key)...))
}

func tokenScope(k key.Ref) []string { return []string{"ImportToken", k.Account, k.Region, k.ID} }

// Find returns the pair that an import token for a key names. The token is asked for the pair's end
// and not the row: the row is gone then, and the caller is told that it came too late.
func (s *Pairs) Find(c *op.Call, k key.Ref, token []byte) (*Pair, error) {
	text, err := s.tokens.Read(string(token), tokenScope(k)...)
	if err != nil {
		return nil, errInvalidToken.Because(err)
	}
	id, end, _ := strings.Cut(text, "/")
	micros, err := strconv.ParseInt(end, 10, 64)
	if err != nil {
		return nil, errInvalidToken.Because(err)
	}
	if !c.Time.Before(time.UnixMicro(micros)) {
		return nil, errExpiredToken
	}
	p, err := s.load(c, k, id)
	if domain.IsNoRow(err) {
		return nil, errInvalidToken.Because(err)
	}
	return p, err
}
