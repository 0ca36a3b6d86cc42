package parameterrows

import (
	"claviger/internal/domain"
	"claviger/parameters/parameter"
	"claviger/store"
)

var (
	qCount = store.SQL(`SELECT standard, advanced FROM parameter_counts
		WHERE account = $1 AND region = $2`)
	qAddCount = store.SQL(`INSERT INTO parameter_counts (account, region, standard, advanced)
		VALUES ($1, $2, $3, $4) ON CONFLICT (account, region)
		DO UPDATE SET standard = standard + $3, advanced = advanced + $4
		WHERE standard + $3 <= $5 AND advanced + $4 <= $6`)
)

// Count is how many parameters of each tier there are in an account and Region.
type Count struct{ Standard, Advanced int64 }

// Count returns how many parameters there are.
func (s *Rows) Count(account, region string) (n Count, err error) {
	err = s.db.Row(qCount, []any{account, region}, &n.Standard, &n.Advanced)
	if domain.IsNoRow(err) {
		err = nil
	}
	return n, err
}

// count keeps the count in step with a change. One that would go beyond a quota has the road look
// again, and be refused.
func count(ch *Change) domain.Change {
	var standard, advanced int64
	add := func(p *parameter.Parameter, by int64) {
		switch {
		case p == nil:
		case p.Tier == parameter.Advanced:
			advanced += by
		default:
			standard += by
		}
	}
	add(ch.Before, -1)
	add(ch.After, 1)
	if standard == 0 && advanced == 0 {
		return nil
	}
	p := ch.parameter()
	mostStandard, mostAdvanced := unless(standard, parameter.StandardQuota),
		unless(advanced, parameter.AdvancedQuota)
	return func(tx *store.Tx) error {
		return tx.Change(qAddCount, p.Account, p.Region, standard, advanced, mostStandard, mostAdvanced)
	}
}

// unless is the quota that an addition is held to. What makes fewer is held to none.
func unless(added, quota int64) int64 {
	if added <= 0 {
		return 1 << 62
	}
	return quota
}
