package secrets

import (
	"math"

	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/store"
)

// ListSecretsInput is ListSecretsRequest of AWS. The order is by creation, oldest first, unless another is asked for.
type ListSecretsInput struct {
	IncludePlannedDeletion *bool    `shape:"BooleanType"`    // those in their recovery window too
	MaxResults             *int32   `shape:"MaxResultsType"` // 1 to 100; absent: 100
	NextToken              *string  `shape:"NextTokenType"`
	Filters                []Filter `shape:"FiltersListType"` // all must hold
	SortOrder              *string  `shape:"SortOrderType"`   // absent: asc
	SortBy                 *string  `shape:"SortByType"`      // absent: created-date
}

// Validate implements [op.Input].
func (in ListSecretsInput) Validate() error { return checkFilters(in.Filters) }

// ListSecretsOutput is ListSecretsResponse of AWS. Only a page without NextToken is the last, however short others are.
type ListSecretsOutput struct {
	SecretList []SecretListEntry
	NextToken  string `json:",omitzero"`
}

// SecretListEntry is one secret of a listing.
type SecretListEntry struct {
	ARN                    string
	Name                   string
	Description            string              `json:",omitzero"`
	KmsKeyId               string              `json:",omitzero"`
	LastChangedDate        wire.Time           // of anything about the secret
	LastAccessedDate       *wire.Time          `json:",omitzero"` // a day
	DeletedDate            *wire.Time          `json:",omitzero"` // the end of the recovery window
	Tags                   []Tag               `json:",omitempty"`
	SecretVersionsToStages map[string][]string `json:",omitempty"`
	CreatedDate            wire.Time
}

func (s *Secrets) findList(*op.Call, ListSecretsInput) (account, error) {
	return account{[]string{"ListSecrets"}}, nil
}

// usualPage is how many entries a page has if nobody asks for less: the most that AWS gives.
const usualPage = 100

// listSecrets shows what the rows say now. AWS may lag by minutes here; nothing has to.
func (s *Secrets) listSecrets(c *op.Call, in ListSecretsInput, _ account) (out ListSecretsOutput, err error) {
	l := listing{by: or(in.SortBy, byCreated), desc: or(in.SortOrder, "asc") == "desc", filters: in.Filters, marked: or(in.IncludePlannedDeletion, false)}
	p, err := s.page(c, "ListSecrets", l.String(), int(or(in.MaxResults, usualPage)), in.NextToken)
	if err != nil {
		return out, err
	}
	rows, next, err := s.list(c, l, p)
	out.SecretList, out.NextToken = []SecretListEntry{}, next
	for _, r := range rows {
		out.SecretList = append(out.SecretList, r.entry())
	}
	return out, err
}

// entry is how a listing shows a secret.
func (r *row) entry() SecretListEntry {
	return SecretListEntry{ARN: r.ARN(), Name: r.Name, Description: r.Description, KmsKeyId: r.KeyID,
		LastChangedDate: wire.Time{Time: r.Changed}, LastAccessedDate: wire.At(store.FromMicros(r.accessed)), DeletedDate: wire.At(r.Deletes),
		Tags: r.Tags, SecretVersionsToStages: r.versionsToStages(), CreatedDate: wire.Time{Time: r.Created}}
}

// The orders of a listing, by their names in SortBy. Each has an index.
const (
	byCreated  = "created-date"
	byChanged  = "last-changed-date"
	byAccessed = "last-accessed-date"
	byName     = "name"
)

// order is a way through the secrets of a namespace.
type order struct {
	by   string
	desc bool
}

const inNamespace = `SELECT ` + columnsOfSecret + ` FROM secrets WHERE account = $1 AND region = $2 AND `

// qSecrets reads on from a position. The name sets apart what was created, changed or read at the same time, so that a
// page begins exactly where the one before ended, whatever was added or removed meanwhile.
var qSecrets = map[order]*store.Query{
	{byCreated, false}:  store.SQL(inNamespace + `(created, name) > ($3, $4) ORDER BY created, name LIMIT $5`),
	{byCreated, true}:   store.SQL(inNamespace + `(created, name) < ($3, $4) ORDER BY created DESC, name DESC LIMIT $5`),
	{byChanged, false}:  store.SQL(inNamespace + `(changed, name) > ($3, $4) ORDER BY changed, name LIMIT $5`),
	{byChanged, true}:   store.SQL(inNamespace + `(changed, name) < ($3, $4) ORDER BY changed DESC, name DESC LIMIT $5`),
	{byAccessed, false}: store.SQL(inNamespace + `(accessed, name) > ($3, $4) ORDER BY accessed, name LIMIT $5`),
	{byAccessed, true}:  store.SQL(inNamespace + `(accessed, name) < ($3, $4) ORDER BY accessed DESC, name DESC LIMIT $5`),
	{byName, false}:     store.SQL(inNamespace + `name > $3 ORDER BY name LIMIT $4`),
	{byName, true}:      store.SQL(inNamespace + `name < $3 ORDER BY name DESC LIMIT $4`),
}

// listing is which secrets are asked for, in which order.
type listing struct {
	by      string
	desc    bool
	filters []Filter
	marked  bool // those in their recovery window too
}

// String returns the listing in full, for page tokens to be bound to.
func (l listing) String() string { return text([]any{l.by, l.desc, l.filters, l.marked}) }

// afterNames sorts behind every name: names are ASCII.
const afterNames = "\x7f"

// start is the position before the first secret.
func (l listing) start() position {
	if l.desc {
		return position{math.MaxInt64, afterNames}
	}
	return position{-1, ""}
}

// at returns a secret's position.
func (l listing) at(r *row) position {
	switch l.by {
	case byCreated:
		return position{store.Micros(r.Created), r.Name}
	case byChanged:
		return position{store.Micros(r.Changed), r.Name}
	case byAccessed:
		return position{r.accessed, r.Name}
	}
	return position{0, r.Name}
}

// How much one page looks at. A narrow filter may so give a short page, or an empty one, with a token for the next.
const (
	scanBudget = 2000    // secrets
	workBudget = 4 << 20 // of [search.cost]: bytes and words
	readAtOnce = 128     // secrets, between which the rows are closed: nobody waits for a page's filters
)

// list returns a page of verified rows and the token of the next page, if there is any. Rows are verified once they
// are chosen: the token is the scarce part, and a row that was passed over is shown to nobody. When the request's time
// ends, the page does too.
func (s *Secrets) list(c *op.Call, l listing, p page) (found []*row, next string, err error) {
	look, last := newSearch(l.filters), l.start()
	if p.after != nil {
		last = *p.after
	}
	seen, work, limit, more := 0, 0, p.size+1, true
	for more && next == "" {
		rows, err := s.read(c, l, last, limit)
		if err != nil {
			return nil, "", err
		}
		more, limit = len(rows) == limit, readAtOnce
		for _, r := range rows {
			if seen == scanBudget || work >= workBudget || len(found) == p.size || c.Err() != nil {
				next = s.next(p, last)
				break
			}
			seen, work, last = seen+1, work+look.cost(r.Secret), l.at(r)
			if (l.marked || r.Deletes.IsZero()) && look.matches(r.Secret) {
				found = append(found, r)
			}
		}
	}
	for _, r := range found {
		if err := s.verify(c, r); err != nil {
			return nil, "", err
		}
	}
	return found, next, nil
}

// read returns at most limit rows after a position.
func (s *Secrets) read(c *op.Call, l listing, after position, limit int) (rows []*row, err error) {
	account, region := c.Namespace()
	args := []any{account, region, after.key, after.name, limit}
	if l.by == byName {
		args = []any{account, region, after.name, limit}
	}
	err = s.db.Rows(qSecrets[order{l.by, l.desc}], args, func(scan func(...any) error) error {
		r := new(row)
		rows = append(rows, r)
		return r.scan(account, region, scan)
	})
	return rows, err
}
