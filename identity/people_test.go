package identity

import (
	"context"
	"time"

	"claviger/policy"
)

// people are the principals of a test: root users, and who is in the map by unique id.
type people struct {
	known    map[string]*Principal
	policies map[string]*policy.Document
	used     []string // ids and Regions of the roles whose use was told
}

func (p *people) Principal(_ context.Context, account, id string) (*Principal, error) {
	if id == account {
		return &Principal{Caller: RootUser(account)}, nil
	}
	return p.known[id], nil
}

func (p *people) ManagedPolicy(_ context.Context, _, arn string) (*policy.Document, error) {
	return p.policies[arn], nil
}

func (p *people) RoleUsed(_, id, region string, _ time.Time) {
	p.used = append(p.used, id+" "+region)
}
