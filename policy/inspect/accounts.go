package inspect

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"claviger/policy"
)

// accountKeys are the pins, in small letters, whose values name accounts: by number or in an ARN.
var accountKeys = []string{"aws:principalaccount", "kms:calleraccount", "aws:sourceaccount",
	"aws:principalarn", "aws:sourcearn"}

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

// Outsiders are the accounts that a policy lets in beside its own.
type Outsiders struct {
	Accounts []string // by number, in order
	Unnamed  bool     // there may be more: an organization is let in, say, or a network
}

// IsNone reports whether nobody is let in.
func (o Outsiders) IsNone() bool { return len(o.Accounts) == 0 && !o.Unnamed }

// OutsidersOf returns whom a policy of a resource of a service lets in from other accounts than its
// own. Of a policy that [IsPublic] says nothing more than that. Whether an account that is let in
// exists doesn't matter, nor what it may do. A unique id stands for a user or role that is known
// here, and isn't looked up.
func OutsidersOf(d *policy.Document, service, own string) Outsiders {
	all := map[string]bool{}
	unnamed := false
	for _, s := range d.Statements {
		if s.Effect != policy.Allow {
			continue
		}
		if s.NotPrincipal == nil && !isEverybody(s.Principal) {
			if s.Principal != nil {
				add(all, s.Principal.AWS)
			}
			continue
		}
		names, pinned := pinnedAccounts(d, s, service)
		add(all, names)
		unnamed = unnamed || !pinned
	}
	delete(all, own)
	return Outsiders{Accounts: slices.Sorted(maps.Keys(all)), Unnamed: unnamed}
}

func add(to map[string]bool, names []string) {
	for _, name := range names {
		if account := AccountIn(name); account != "" {
			to[account] = true
		}
	}
}

// AccountIn returns the account that a number or an ARN names, or nothing.
func AccountIn(name string) string {
	const before = 4 // colons before the account in an ARN
	if parts := strings.SplitN(name, ":", before+2); len(parts) == before+2 {
		name = parts[before]
	}
	if accountForm.MatchString(name) {
		return name
	}
	return ""
}

// pinnedAccounts returns the values by which a statement for everybody is for some accounts: those
// of a condition of its own, or of the statement that denies everything to all others. Without
// either it is not pinned to accounts.
func pinnedAccounts(d *policy.Document, s policy.Statement, service string) (
	values []string, pinned bool) {
	for _, c := range s.Condition {
		if holdsForFew(c) && namesAccounts(c) {
			return c.Values, true
		}
	}
	for _, other := range d.Statements {
		if deniesOthers(other, service) && namesAccounts(other.Condition[0]) {
			return other.Condition[0].Values, true
		}
	}
	return nil, false
}

func namesAccounts(c policy.Condition) bool {
	return slices.Contains(accountKeys, strings.ToLower(c.Key))
}
