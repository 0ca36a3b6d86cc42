package parameterrows

import (
	"context"
	"time"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
)

// Setting is what an account has set for its parameters in a Region. It is never changed.
type Setting struct {
	Account, Region, ID string
	Value               string
	Modified            time.Time
	User                string // the ARN of who set it
}

var settingRows = rowmac.Declare("parameter_settings", func(s *Setting) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &s.Account),
		rowmac.Text("region", &s.Region),
		rowmac.Text("id", &s.ID),
		rowmac.Text("value", &s.Value),
		rowmac.Time("modified", &s.Modified),
		rowmac.Text("user", &s.User),
	}
})

const settingKey = 3

var (
	qSetting = store.SQL(`SELECT ` + settingRows.Columns() + ` FROM parameter_settings
		WHERE account = $1 AND region = $2 AND id = $3`)
	qUpsertSetting = store.SQL(settingRows.Upsert(settingKey))
	qDeleteSetting = store.SQL(`DELETE FROM parameter_settings
		WHERE account = $1 AND region = $2 AND id = $3`)
)

// cachedSettings is how many settings are kept, those too that nobody has set: each parameter that
// is made asks for one.
const cachedSettings = 1024

// settingRef is a setting's place in table and cache.
type settingRef struct{ account, region, id string }

// Setting returns a setting from the cache or from its verified row. It is nil where the account
// has set nothing.
func (s *Rows) Setting(ctx context.Context, account, region, id string) (*Setting, error) {
	return s.settings.Get(settingRef{account, region, id}, func() (*Setting, error) {
		set, err := settingRows.Load(ctx, s.signer, s.db, qSetting, []any{account, region, id})
		if domain.IsNoRow(err) {
			return nil, nil
		}
		return set, err
	})
}

// StoreSetting signs a setting and returns what stores it, over whatever was set before.
func (s *Rows) StoreSetting(ctx context.Context, set *Setting) (domain.Change, error) {
	values, err := settingRows.Sign(ctx, s.signer, set)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		s.settings.Drop(tx, settingRef{set.Account, set.Region, set.ID})
		_, err := tx.Exec(qUpsertSetting, values...)
		return err
	}, nil
}

// RemoveSetting returns what has a setting be as AWS has it.
func (s *Rows) RemoveSetting(account, region, id string) domain.Change {
	return func(tx *store.Tx) error {
		s.settings.Drop(tx, settingRef{account, region, id})
		_, err := tx.Exec(qDeleteSetting, account, region, id)
		return err
	}
}
