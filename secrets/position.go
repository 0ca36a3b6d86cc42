package secrets

import (
	"strconv"
	"strings"

	"claviger/internal/op"
)

// page is the part of a listing that is asked for.
type page struct {
	size  int
	after *position // where the page before ended; nil for the first
	scope []string
}

// page reads MaxResults and NextToken. listing is what a token must have been made for, besides the operation: the same
// secret, filters and order.
func (s *Secrets) page(c *op.Call, operation, listing string, size int, token *string) (page, error) {
	p := page{size: size, scope: []string{operation, c.Caller.Account, c.Region, listing}}
	if token == nil {
		return p, nil
	}
	last, err := s.pages.Read(*token, p.scope...)
	if err != nil {
		return p, errPage.Because(err)
	}
	key, name, _ := strings.Cut(last, " ")
	at := position{name: name}
	if at.key, err = strconv.ParseInt(key, 10, 64); err != nil {
		return p, errPage.Because(err)
	}
	p.after = &at
	return p, nil
}

// next returns the token of the page that follows a position.
func (s *Secrets) next(p page, at position) string {
	return s.pages.Make(strconv.FormatInt(at.key, 10)+" "+at.name, p.scope...)
}
