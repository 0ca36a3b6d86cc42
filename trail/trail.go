// Package trail is AWS CloudTrail, as far as it shows what there is: the trail is kept by the road
// and the store, whether anybody looks at it or not.
//
// operations.go is the table of contents, and each operation has a file of its name. Package search
// is the index by which events are found, follow how the trail is read behind the committer.
package trail

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/install"
	"claviger/trail/search"
	"claviger/trail/trailfault"
)

// Finder looks for events; *[search.Index] is one.
type Finder interface {
	Find(ctx context.Context, q search.Query, before int64, size int) (search.Page, error)
}

// Trail performs the operations of CloudTrail. [New] makes it.
type Trail struct {
	events Finder
	pages  domain.Pager
	rates  rates
}

// Config is what CloudTrail is made of.
type Config struct {
	Events       Finder
	Installation *install.Installation
}

// New returns CloudTrail for one installation.
func New(c Config) *Trail {
	return &Trail{events: c.Events,
		pages: domain.Pager{Tokens: c.Installation.Tokens, Invalid: trailfault.BadToken}}
}

// Jobs is the work that CloudTrail puts off: none.
func (*Trail) Jobs() map[string]domain.Job { return nil }
