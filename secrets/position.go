package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
)

// usualPage is how many entries a page has if nobody asks for less: the most that AWS gives.
const usualPage = 100

// page reads a page's token and returns the position behind which the page begins: start for the
// first page. listing is what a token must have been made for besides the operation: the same
// secret, filters and order.
func (s *Secrets) page(c *op.Call, operation, listing string, size int, token *string,
	start secretrows.Position) (domain.Page, secretrows.Position, error) {
	p, err := s.pages.Page(c, operation, listing, size, token)
	if err != nil || p.After == "" {
		return p, start, err
	}
	after, err := secretrows.ReadPosition(p.After)
	if err != nil {
		return p, start, smfault.BadPage.Because(err)
	}
	return p, after, nil
}
