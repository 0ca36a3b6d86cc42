package watch

import (
	"context"
	"sync"

	"claviger/alarms"
)

// Home is where what concerns the installation as a whole is told: in its first account and its
// first Region. It asks for the account until there is one, and never again: it stays the first,
// and may be needed when nobody can be asked.
type Home struct{ *home }

type home struct {
	region string
	first  func(context.Context) (string, error)

	mu      sync.Mutex
	account string
}

// NewHome returns the home in a Region. first returns the number of the first account, or nothing.
func NewHome(region string, first func(context.Context) (string, error)) Home {
	return Home{&home{region: region, first: first}}
}

// Place returns where it is. Not ok is an installation that has no account yet.
func (h *home) Place(ctx context.Context) (at alarms.Place, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.account == "" {
		if account, err := h.first(ctx); err == nil {
			h.account = account
		}
	}
	return alarms.Place{Account: h.account, Region: h.region}, h.account != ""
}
