package enforcement

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/store"
)

// Due keeps the job of a parameter at the time at which its policies are due. It implements
// [parameterrows.Follower].
type Due struct{ Jobs domain.Scheduler }

// Follow moves the job of a parameter whose due time a change alters, or takes it back.
func (d Due) Follow(_ *op.Call, ch *parameterrows.Change) (domain.Change, error) {
	before, err := dueOf(ch.Before)
	if err != nil {
		return nil, err
	}
	after, err := dueOf(ch.After)
	if err != nil || after.Equal(before) {
		return nil, err
	}
	if after.IsZero() {
		p := ch.Before
		return func(tx *store.Tx) error {
			return d.Jobs.Cancel(tx, Job, p.Account, p.Region, p.Name)
		}, nil
	}
	p := ch.After
	return func(tx *store.Tx) error {
		return d.Jobs.Schedule(tx, Job, p.Account, p.Region, p.Name, after)
	}, nil
}

func dueOf(p *parameter.Parameter) (time.Time, error) {
	if p == nil {
		return time.Time{}, nil
	}
	return p.Due()
}
