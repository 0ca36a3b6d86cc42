package secretrows

import (
	"strconv"
	"strings"

	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/store"
)

// Position is where a page ended: the value that the listing is sorted by, and the name or id that
// sets equals apart.
type Position struct {
	Key  int64
	Name string
}

// String is the position in a page token.
func (p Position) String() string { return strconv.FormatInt(p.Key, 10) + " " + p.Name }

// ReadPosition reads what [Position.String] wrote.
func ReadPosition(text string) (p Position, err error) {
	key, name, _ := strings.Cut(text, " ")
	p.Name = name
	p.Key, err = strconv.ParseInt(key, 10, 64)
	return p, err
}

// Listed is a secret as a listing reads it, not verified yet.
type Listed struct {
	secret.Secret
	Accessed int64 // the day, in microseconds
	read     rowmac.Read
}

// Order is a way through the secrets of a namespace.
type Order struct {
	By   string // created-date and the like
	Desc bool
}

// qSecrets reads on from a position. The name sets apart what was created, changed or read at the
// same time, so that a page begins exactly where the one before ended, whatever was added or
// removed meanwhile.
var qSecrets = map[Order]*store.Query{
	{model.ByCreated, false}:  store.SQL(inNamespace + byTime("created", ">", "")),
	{model.ByCreated, true}:   store.SQL(inNamespace + byTime("created", "<", "DESC")),
	{model.ByChanged, false}:  store.SQL(inNamespace + byTime("changed", ">", "")),
	{model.ByChanged, true}:   store.SQL(inNamespace + byTime("changed", "<", "DESC")),
	{model.ByAccessed, false}: store.SQL(inNamespace + byTime("accessed", ">", "")),
	{model.ByAccessed, true}:  store.SQL(inNamespace + byTime("accessed", "<", "DESC")),
	{model.ByName, false}:     store.SQL(inNamespace + `name > $3 ORDER BY name LIMIT $4`),
	{model.ByName, true}:      store.SQL(inNamespace + `name < $3 ORDER BY name DESC LIMIT $4`),
}

var inNamespace = `SELECT ` + secretRows.Columns() + `, accessed FROM secrets
	WHERE account = $1 AND region = $2 AND `

func byTime(column, follows, direction string) string {
	return `(` + column + `, name) ` + follows + ` ($3, $4)
	ORDER BY ` + column + ` ` + direction + `, name ` + direction + ` LIMIT $5`
}

// Verify asks whether the secrets of a page are as the service stored them. The token is the scarce
// part, so only those that were chosen are asked for: one that was passed over is shown to nobody.
func (s *Rows) Verify(c *op.Call, page []*Listed) error {
	for _, r := range page {
		if err := r.read.Verify(c, s.signer); err != nil {
			return err
		}
	}
	return nil
}

// Read returns at most limit secrets after a position.
func (s *Rows) Read(c *op.Call, o Order, after Position,
	limit int) (rows []*Listed, err error) {
	account, region := c.Namespace()
	args := []any{account, region, after.Key, after.Name, limit}
	if o.By == model.ByName {
		args = []any{account, region, after.Name, limit}
	}
	q := qSecrets[o]
	err = s.db.Rows(q, args, func(scan func(...any) error) (err error) {
		r := new(Listed)
		r.read, err = secretRows.Scan(scan, &r.Secret, &r.Accessed)
		rows = append(rows, r)
		return err
	})
	return rows, err
}
