package parameterrows

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
)

// Bounds of the cache: under 6 KiB for an entry with what the runtime adds, and under 60 MB in all.
// A usual entry is under 1 KiB. What is larger is read from its rows each time, at the price of two
// queries.
const (
	cachedParameters = 10240
	cachedRules      = 256     // of resource policies, by their text
	keptBytes        = 5 << 10 // of a parameter's own text with its value
	overhead         = 80      // bytes for each tag and label beside its text: headers, spare room
)

// Entry is what the cache keeps of a parameter: all that a plain read needs.
type Entry struct {
	*parameter.Parameter
	Newest *parameter.Version // nil where it was found without
}

// LookUp finds a parameter by its place: [Rows.WithValue] or [Rows.WithoutValue]. It returns nil if
// there is none.
type LookUp func(context.Context, parameter.Ref) (*Entry, error)

// WithValue returns a parameter from the cache or from its verified rows, with its newest version.
func (s *Rows) WithValue(ctx context.Context, ref parameter.Ref) (*Entry, error) {
	return s.cache.Get(ref, func() (*Entry, error) { return s.Entry(ctx, ref) })
}

// WithoutValue is for those who don't need the value: what is not in the cache is read without it,
// and not kept.
func (s *Rows) WithoutValue(ctx context.Context, ref parameter.Ref) (*Entry, error) {
	return s.cache.Peek(ref, func() (*Entry, error) {
		p, err := s.Parameter(ctx, ref)
		if err != nil {
			return nil, err
		}
		return &Entry{Parameter: p}, nil
	})
}

// attempts is how often a parameter is read again that was changed between its rows.
const attempts = 5

// Entry reads a parameter with its newest version, which is another row: who changes the parameter
// meanwhile has it read again.
func (s *Rows) Entry(ctx context.Context, ref parameter.Ref) (e *Entry, err error) {
	for range attempts {
		p, err := s.Parameter(ctx, ref)
		if err != nil {
			return nil, err
		}
		v, err := s.Version(ctx, p, p.Version)
		if !domain.IsNoRow(err) {
			return &Entry{Parameter: p, Newest: v}, err
		}
		again, err := s.Parameter(ctx, ref)
		if err != nil {
			return nil, err
		}
		if again.ID == p.ID && again.Rev == p.Rev {
			return nil, lost(p)
		}
	}
	return nil, errBusy
}

// weight is about how many bytes an entry holds.
func (e *Entry) weight() int {
	// Both the parameter and its newest version hold the facts.
	n := 2 * (len(e.Name) + len(e.Description) + len(e.AllowedPattern) + len(e.KeyID) + len(e.User))
	for _, p := range e.Policies {
		n += 2 * (len(p.Text) + overhead)
	}
	n += max(len(e.Sharing.Policy), e.Rules.Weight())
	for _, t := range e.Tags {
		n += len(t.Key) + len(t.Value) + overhead
	}
	for label := range e.Labels {
		n += len(label) + overhead
	}
	if e.Newest != nil {
		n += len(e.Newest.Value.Rests) + len(e.Newest.Value.KeyARN)
	}
	return n
}

// watched is what somebody waits for: a change of one parameter, of one directly below a path, or
// of one anywhere below it.
type watched struct {
	account, region, name string
	below, anywhere       bool
}

// watchedBy are all that a change of a parameter is a change of.
func watchedBy(ref parameter.Ref) []watched {
	at := watched{account: ref.Account, region: ref.Region}
	one, near := at, at
	one.name = ref.Name
	near.name, near.below = parameter.Parent(ref.Name), true
	all := []watched{one, near}
	for _, path := range parameter.Ancestors(ref.Name) {
		far := at
		far.name, far.below, far.anywhere = path, true, true
		all = append(all, far)
	}
	return all
}

// Watching is [Rows.WithValue] for a request that may wait until the parameter changes.
func (s *Rows) Watching(c *op.Call) LookUp {
	return func(ctx context.Context, ref parameter.Ref) (*Entry, error) {
		s.watchers.Watch(c, watched{account: ref.Account, region: ref.Region, name: ref.Name})
		return s.WithValue(ctx, ref)
	}
}

// WatchPath has a request wait until something below a path changes.
func (s *Rows) WatchPath(c *op.Call, p parameter.Path, recursive bool) {
	s.watchers.Watch(c, watched{account: p.Account, region: p.Region, name: p.Path, below: true,
		anywhere: recursive})
}
