package secrets

import (
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/secrets/model"
	"claviger/store"
	"strconv"
	"strings"
)

// position is where a page ended: the value that the listing is sorted by, and the name or id that
// sets equals apart.
type position struct {
	key  int64
	name string
}

// String is the position in a page token.
func (p position) String() string { return strconv.FormatInt(p.key, 10) + " " + p.name }

// readPosition reads what [position.String] wrote.
func readPosition(text string) (p position, err error) {
	key, name, _ := strings.Cut(text, " ")
	p.name = name
	p.key, err = strconv.ParseInt(key, 10, 64)
	return p, err
}

// listed is a secret as a listing reads it, not verified yet.
type listed struct {
	Secret
	accessed int64 // the day, in microseconds
	read     rowmac.Read
}

// order is a way through the secrets of a namespace.
type order struct {
	by   string
	desc bool
}

// qSecrets reads on from a position. The name sets apart what was created, changed or read at the
// same time, so that a page begins exactly where the one before ended, whatever was added or
// removed meanwhile.
var qSecrets = map[order]*store.Query{
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

// verify asks whether the secrets of a page are as the service stored them. The token is the scarce
// part, so only those that were chosen are asked for: one that was passed over is shown to nobody.
func (s *Rows) verify(c *op.Call, page []*listed) error {
	for _, r := range page {
		if err := r.read.Verify(c, s.signer); err != nil {
			return err
		}
	}
	return nil
}

// read returns at most limit secrets after a position.
func (s *Rows) read(c *op.Call, l listing, after position,
	limit int) (rows []*listed, err error) {
	account, region := c.Namespace()
	args := []any{account, region, after.key, after.name, limit}
	if l.by == model.ByName {
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
