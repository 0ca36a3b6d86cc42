package domain

import (
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/signedtoken"
)

// Pager reads and makes the page tokens of a service.
type Pager struct {
	Tokens  *signedtoken.Maker
	Invalid *fault.Error // the service's answer to a token that fits no page of the listing
}

// Page is the part of a listing that is asked for.
type Page struct {
	Size  int
	After string // where the page before ended, or nothing

	tokens *signedtoken.Maker
	scope  []string
}

// Page reads the token of a page of size entries. filter is what a token must have been made for
// besides the operation, the account and the Region: the same resource, filters and order.
func (p Pager) Page(c *op.Call, operation, filter string, size int, token *string) (Page, error) {
	page := Page{Size: size, tokens: p.Tokens,
		scope: []string{operation, c.Caller.Account, c.Region, filter}}
	if token == nil {
		return page, nil
	}
	after, err := p.Tokens.Read(*token, page.scope...)
	if err != nil {
		return page, p.Invalid.Because(err)
	}
	page.After = after
	return page, nil
}

// Next returns the token of the page that follows the entry named last.
func (p Page) Next(last string) string { return p.tokens.Make(last, p.scope...) }

// Cut returns the entries of a page from a list that holds one more if there is a next page, and
// the token of that, or nothing. name says where an entry stands in the listing.
func Cut[T any](p Page, list []T, name func(T) string) (entries []T, next string) {
	if len(list) <= p.Size {
		return list, ""
	}
	return list[:p.Size], p.Next(name(list[p.Size-1]))
}
