package parameter

import (
	"cmp"

	"claviger/parameters/ssmfault"
)

// The tiers, by AWS's names. No parameter is of IntelligentTiering: it is asked for, and becomes
// one of the others.
const (
	Standard           = "Standard"
	Advanced           = "Advanced"
	IntelligentTiering = "Intelligent-Tiering"
)

// Bytes that a value has at most, by tier.
const (
	mostStandard = 4096
	mostAdvanced = 8192
)

// How many parameters of a tier an account has in a Region at most.
const (
	StandardQuota = 10_000
	AdvancedQuota = 100_000
)

// Tiering is what the tier of a new version is decided by.
type Tiering struct {
	Asked    string // by the request, or nothing
	Setting  string // of the account: what counts if nothing is asked for
	Before   string // of the parameter, or nothing for a new one
	Size     int    // of the value in bytes
	Policies bool   // it will have policies
	Full     bool   // there are as many standard parameters as there may be
}

// Tier decides. What is Advanced stays so: there is no way back.
func (t Tiering) Tier() (tier string, err error) {
	tier = cmp.Or(t.Asked, t.Setting)
	switch {
	case t.Asked == Standard && t.Before == Advanced:
		return "", ssmfault.NoDowngrade
	case t.Asked == "" && t.Before == Advanced:
		tier = Advanced
	case tier == IntelligentTiering:
		tier = t.intelligent()
	}
	switch {
	case tier == Standard && t.Size > mostStandard:
		return "", ssmfault.StandardValueSize
	case t.Size > mostAdvanced:
		return "", ssmfault.ValueSize
	case tier == Standard && t.Policies:
		return "", ssmfault.StandardPolicies
	}
	return tier, nil
}

func (t Tiering) intelligent() string {
	if t.Before == Advanced || t.Size > mostStandard || t.Policies || t.Before == "" && t.Full {
		return Advanced
	}
	return Standard
}
