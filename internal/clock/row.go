package clock

import (
	"context"
	"errors"
	"time"

	"claviger/internal/rowmac"
	"claviger/store"
)

// row is a [State] as it rests. The schema holds its column one to 1, so it isn't signed.
type row struct {
	uptime, agreed  int64 // in microseconds
	boot            string
	believed, shown time.Time
}

var rows = rowmac.Declare("clock", func(r *row) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("boot", &r.boot), rowmac.Integer("uptime", &r.uptime),
		rowmac.Time("believed", &r.believed), rowmac.Time("shown", &r.shown),
		rowmac.Integer("agreed", &r.agreed),
	}
})

const ofAll = "the clock is the machine's, above accounts and Regions"

var (
	qClock  = store.Wide(`SELECT `+rows.Columns()+` FROM clock`, ofAll)
	qForget = store.Wide(`DELETE FROM clock`, ofAll)
	qKeep   = store.Wide(rows.InsertWith("one"), ofAll)
)

// Load returns what was known last. isKept reports whether anything was.
func Load(ctx context.Context, db *store.DB, signer *rowmac.Signer) (
	last State, isKept bool, err error) {
	r, err := rows.Load(ctx, signer, db, qClock, nil)
	if errors.Is(err, store.NoRow) {
		return last, false, nil
	}
	if err != nil {
		return last, false, err
	}
	return State{Boot: r.boot, Uptime: time.Duration(r.uptime) * time.Microsecond,
		Believed: r.believed, Shown: r.shown,
		Agreed: time.Duration(r.agreed) * time.Microsecond}, true, nil
}

// Change prepares the change that keeps a state.
func (s State) Change(ctx context.Context, signer *rowmac.Signer) (func(*store.Tx) error, error) {
	values, err := rows.Sign(ctx, signer, &row{boot: s.Boot, uptime: s.Uptime.Microseconds(),
		believed: s.Believed, shown: s.Shown, agreed: s.Agreed.Microseconds()})
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(qForget); err != nil {
			return err
		}
		_, err := tx.Exec(qKeep, append(values[:len(values):len(values)], 1)...)
		return err
	}, nil
}
