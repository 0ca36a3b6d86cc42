package rulerows

import (
	"context"
	"errors"

	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/store"
)

// Bus is what is kept of the default bus of an account and Region: its tags. Without a row there
// are none.
type Bus struct {
	Account, Region, Name string
	Rev                   int64
	Tags                  []rule.Tag
}

var busRows = rowmac.Declare("event_buses", func(b *Bus) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &b.Account),
		rowmac.Text("region", &b.Region),
		rowmac.Text("name", &b.Name),
		rowmac.Integer("rev", &b.Rev),
		rowmac.JSON("tags", &b.Tags),
	}
})

// busKey is how many columns say which bus a row is. None is ever deleted.
const busKey = 3

var (
	qBus = store.SQL(`SELECT ` + busRows.Columns() + ` FROM event_buses
		WHERE account = $1 AND region = $2 AND name = $3`)
	qInsertBus = store.SQL(busRows.Insert())
	qUpdateBus = store.SQL(busRows.Update(busKey))
)

// Bus returns the default bus of an account and Region. One of revision 0 has no row yet.
func (s *Rows) Bus(ctx context.Context, account, region string) (*Bus, error) {
	b, err := s.buses.Get(Place{account, region}, func() (*Bus, error) {
		return busRows.Load(ctx, s.signer, s.db, qBus, []any{account, region, rule.DefaultBus})
	})
	if b == nil && err == nil {
		b = &Bus{Account: account, Region: region, Name: rule.DefaultBus}
	}
	return b, err
}

// PrepareBus signs the row of a bus with other tags and returns what stores it.
func (s *Rows) PrepareBus(c *op.Call, before *Bus, tags []rule.Tag) (domain.Change, error) {
	after := *before
	after.Rev++
	after.Tags = tags
	values, err := busRows.Sign(c, s.signer, &after)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		s.buses.Drop(tx, Place{after.Account, after.Region})
		if before.Rev > 0 {
			return tx.Change(qUpdateBus, rowmac.Over(values, busKey, before.Rev)...)
		}
		_, err := tx.Exec(qInsertBus, values...)
		if errors.Is(err, store.Exists) {
			return store.Stale
		}
		return err
	}, nil
}
