package secrets

import (
	"math"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/internal/wire"
	"claviger/secrets/filter"
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
	ARN                    string
	Name                   string
	Description            string              `json:",omitzero"`
	KmsKeyId               string              `json:",omitzero"` // absent for the AWS managed key
	LastChangedDate        wire.Time           // of anything about the secret
	LastAccessedDate       *wire.Time          `json:",omitzero"` // a day
	DeletedDate            *wire.Time          `json:",omitzero"` // the end of the recovery window
	Tags                   []Tag               `json:",omitzero"` // empty after the last one went
	SecretVersionsToStages map[string][]string `json:",omitempty"`
	CreatedDate            wire.Time
}

func (s *Secrets) findList(*op.Call, ListSecretsInput) (domain.Account, error) {
	return domain.OnAccount(action("ListSecrets")), nil
}

// listSecrets shows what the rows say now. AWS may lag by minutes here; nothing has to.
func (s *Secrets) listSecrets(c *op.Call, in ListSecretsInput,
	_ domain.Account) (out ListSecretsOutput, err error) {
	l := listing{by: domain.Or(in.SortBy, byCreated), filters: in.Filters,
		desc:    domain.Or(in.SortOrder, "asc") == "desc",
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
		out.SecretList = append(out.SecretList, r.listEntry())
	}
	return out, nil
}

// listed is a secret as a listing reads it, not verified yet.
type listed struct {
	Secret
	accessed int64 // the day, in microseconds
	read     rowmac.Read
}

// forFilters returns what filters look at.
func (s *Secret) forFilters() filter.Secret[Tag] {
	return filter.Secret[Tag]{Name: s.Name, Description: s.Description, Tags: s.Tags}
}

// listEntry is how a listing shows a secret.
func (r *listed) listEntry() SecretListEntry {
	return SecretListEntry{ARN: r.ARN(), Name: r.Name, Description: r.Description,
		KmsKeyId: r.KeyID, LastChangedDate: wire.Time{Time: r.Changed},
		LastAccessedDate: wire.At(store.FromMicros(r.accessed)),
		DeletedDate:      wire.At(r.DeletionDate), Tags: r.shownTags(),
		SecretVersionsToStages: r.versionsToStages(), CreatedDate: wire.Time{Time: r.Created}}
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

// qSecrets reads on from a position. The name sets apart what was created, changed or read at the
// same time, so that a page begins exactly where the one before ended, whatever was added or
// removed meanwhile.
var qSecrets = map[order]*store.Query{
	{byCreated, false}:  store.SQL(inNamespace + byTime("created", ">", "")),
	{byCreated, true}:   store.SQL(inNamespace + byTime("created", "<", "DESC")),
	{byChanged, false}:  store.SQL(inNamespace + byTime("changed", ">", "")),
	{byChanged, true}:   store.SQL(inNamespace + byTime("changed", "<", "DESC")),
	{byAccessed, false}: store.SQL(inNamespace + byTime("accessed", ">", "")),
	{byAccessed, true}:  store.SQL(inNamespace + byTime("accessed", "<", "DESC")),
	{byName, false}:     store.SQL(inNamespace + `name > $3 ORDER BY name LIMIT $4`),
	{byName, true}:      store.SQL(inNamespace + `name < $3 ORDER BY name DESC LIMIT $4`),
}

var inNamespace = `SELECT ` + secretRows.Columns() + `, accessed FROM secrets
	WHERE account = $1 AND region = $2 AND `

func byTime(column, follows, direction string) string {
	return `(` + column + `, name) ` + follows + ` ($3, $4)
	ORDER BY ` + column + ` ` + direction + `, name ` + direction + ` LIMIT $5`
}

// listing is which secrets are asked for, in which order.
type listing struct {
	by      string
	desc    bool
	filters []filter.Filter
	planned bool // those scheduled for deletion too
}

// String returns the listing in full, for page tokens to be bound to.
func (l listing) String() string {
	return rowmac.JSONText([]any{l.by, l.desc, l.filters, l.planned})
}

// afterNames sorts behind every name: names are ASCII.
const afterNames = "\x7f"

// start is the position before the first secret.
func (l listing) start() position {
	if l.desc {
		return position{key: math.MaxInt64, name: afterNames}
	}
	return position{key: -1}
}

// at returns a secret's position.
func (l listing) at(r *listed) position {
	at := position{name: r.Name}
	switch l.by {
	case byCreated:
		at.key = store.Micros(r.Created)
	case byChanged:
		at.key = store.Micros(r.Changed)
	case byAccessed:
		at.key = r.accessed
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
	last position) (found []*listed, next string, err error) {
	look := filter.New[Tag](l.filters)
	seen, work, limit, more := 0, 0, p.Size+1, true
	for more && next == "" {
		rows, err := s.read(c, l, last, limit)
		if err != nil {
			return nil, "", err
		}
		more, limit = len(rows) == limit, readAtOnce
		for _, r := range rows {
			if seen == scanBudget || work >= workBudget || len(found) == p.Size || c.Err() != nil {
				next = p.Next(last.String())
				break
			}
			seen, work, last = seen+1, work+look.Cost(r.forFilters()), l.at(r)
			if (l.planned || !r.scheduledForDeletion()) && look.Matches(r.forFilters()) {
				found = append(found, r)
			}
		}
	}
	return found, next, s.verify(c, found)
}

// verify asks whether the secrets of a page are as the service stored them. The token is the scarce
// part, so only those that were chosen are asked for: one that was passed over is shown to nobody.
func (s *Secrets) verify(c *op.Call, page []*listed) error {
	for _, r := range page {
		if err := r.read.Verify(c, s.signer); err != nil {
			return err
		}
	}
	return nil
}

// read returns at most limit secrets after a position.
func (s *Secrets) read(c *op.Call, l listing, after position,
	limit int) (rows []*listed, err error) {
	account, region := c.Namespace()
	args := []any{account, region, after.key, after.name, limit}
	if l.by == byName {
		args = []any{account, region, after.name, limit}
	}
	q := qSecrets[order{l.by, l.desc}]
	err = s.db.Rows(q, args, func(scan func(...any) error) (err error) {
		r := new(listed)
		r.read, err = secretRows.Scan(scan, &r.Secret, &r.accessed)
		rows = append(rows, r)
		return err
	})
	return rows, err
}
