package secrets

import (
	"math"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/internal/wire"
	"claviger/secrets/filter"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
	"claviger/store"
)

// ListSecretsInput narrows and orders the listing. Without SortBy it is by
// creation, the oldest first.
type ListSecretsInput struct {
	IncludePlannedDeletion *bool           `shape:"BooleanType"`    // those scheduled for deletion too
	MaxResults             *int32          `shape:"MaxResultsType"` // 1 to 100; absent: 100
	NextToken              *string         `shape:"NextTokenType"`
	Filters                []filter.Filter `shape:"FiltersListType"` // all must hold
	SortOrder              *string         `shape:"SortOrderType"`   // absent: asc
	SortBy                 *string         `shape:"SortByType"`      // absent: created-date
}

// Validate implements [op.Input].
func (in ListSecretsInput) Validate() error { return filter.Check(in.Filters) }

// ListSecretsOutput is a page. Only one without NextToken is the last, however short others are.
type ListSecretsOutput struct {
	SecretList []SecretListEntry
	NextToken  string `json:",omitzero"`
}

// SecretListEntry is one secret of a listing.
type SecretListEntry struct {
	Described
	SecretVersionsToStages map[string][]string `json:",omitempty"`
}

func (s *Secrets) findList(*op.Call, ListSecretsInput) (domain.Account, error) {
	return domain.OnAccount(target.Action("ListSecrets")), nil
}

// listSecrets shows what the rows say now. AWS may lag by minutes here; nothing has to.
func (s *Secrets) listSecrets(c *op.Call, in ListSecretsInput,
	_ domain.Account) (out ListSecretsOutput, err error) {
	l := listing{Order: secretrows.Order{By: domain.Or(in.SortBy, model.ByCreated),
		Desc: domain.Or(in.SortOrder, "asc") == "desc"}, filters: in.Filters,
		planned: domain.Or(in.IncludePlannedDeletion, false)}
	size := int(domain.Or(in.MaxResults, usualPage))
	p, after, err := s.page(c, "ListSecrets", l.String(), size, in.NextToken, l.start())
	if err != nil {
		return out, err
	}
	rows, next, err := s.list(c, l, p, after)
	if err != nil {
		return out, err
	}
	out.SecretList, out.NextToken = []SecretListEntry{}, next
	for _, r := range rows {
		out.SecretList = append(out.SecretList, listEntry(r))
	}
	return out, nil
}

// forFilters returns what filters look at.
func forFilters(s *secret.Secret) filter.Secret[secret.Tag] {
	return filter.Secret[secret.Tag]{Name: s.Name, Description: s.Description,
		PrimaryRegion: s.PrimaryRegion, Owner: s.Owner, Tags: s.Tags}
}

// listEntry is how a listing shows a secret.
func listEntry(r *secretrows.Listed) SecretListEntry {
	e := SecretListEntry{Described: describe(&r.Secret),
		SecretVersionsToStages: r.VersionsToStages()}
	e.LastAccessedDate = wire.At(store.FromMicros(r.Accessed))
	return e
}

// listing is which secrets are asked for, in which order.
type listing struct {
	secretrows.Order
	filters []filter.Filter
	planned bool // those scheduled for deletion too
}

// String returns the listing in full, for page tokens to be bound to.
func (l listing) String() string {
	return rowmac.JSONText([]any{l.By, l.Desc, l.filters, l.planned})
}

// afterNames sorts behind every name: names are ASCII.
const afterNames = "\x7f"

// start is the position before the first secret.
func (l listing) start() secretrows.Position {
	if l.Desc {
		return secretrows.Position{Key: math.MaxInt64, Name: afterNames}
	}
	return secretrows.Position{Key: -1}
}

// at returns a secret's position.
func (l listing) at(r *secretrows.Listed) secretrows.Position {
	at := secretrows.Position{Name: r.Name}
	switch l.By {
	case model.ByCreated:
		at.Key = store.Micros(r.Created)
	case model.ByChanged:
		at.Key = store.Micros(r.Changed)
	case model.ByAccessed:
		at.Key = r.Accessed
	}
	return at
}

// How much one page looks at. A narrow filter may so give a short page, or an empty one, with a
// token for the next.
const (
	scanBudget = 2000    // secrets
	workBudget = 4 << 20 // of [filter.Search.Cost]: bytes and words
	readAtOnce = 128     // secrets, then the rows are closed: nobody waits for filters
)

// list returns a page of verified secrets and the token of the next page, if there is one. When the
// request's time ends, the page does too.
func (s *Secrets) list(c *op.Call, l listing, p domain.Page,
	last secretrows.Position) (found []*secretrows.Listed, next string, err error) {
	look := filter.New[secret.Tag](l.filters)
	seen, work, limit, more := 0, 0, p.Size+1, true
	for more && next == "" {
		rows, err := s.rows.Read(c, l.Order, last, limit)
		if err != nil {
			return nil, "", err
		}
		more, limit = len(rows) == limit, readAtOnce
		for _, r := range rows {
			if seen == scanBudget || work >= workBudget || len(found) == p.Size || c.Err() != nil {
				next = p.Next(last.String())
				break
			}
			seen, work, last = seen+1, work+look.Cost(forFilters(&r.Secret)), l.at(r)
			if (l.planned || !r.ScheduledForDeletion()) && look.Matches(forFilters(&r.Secret)) {
				found = append(found, r)
			}
		}
	}
	return found, next, s.rows.Verify(c, found)
}
