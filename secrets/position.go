package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

// usualPage is how many entries a page has if nobody asks for less: the most that AWS gives.
const usualPage = 100

// page reads a page's token and returns the position behind which the page begins: start for the
// first page. listing is what a token must have been made for besides the operation: the same
// secret, filters and order.
func (s *Secrets) page(c *op.Call, operation, listing string, size int, token *string,
	start position) (domain.Page, position, error) {
	p, err := s.pages.Page(c, operation, listing, size, token)
	if err != nil || p.After == "" {
		return p, start, err
	}
	after, err := readPosition(p.After)
	if err != nil {
		return p, start, errPage.Because(err)
	}
	return p, after, nil
}
