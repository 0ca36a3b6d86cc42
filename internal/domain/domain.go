// Package domain is what services have in common below the road: routes, targets without a
// resource, tags, pages, ARNs, the fenced change of rows, and caches that keep only what is small.
// A service brings its own words for what it refuses; the rules are here once.
package domain

import (
	"claviger/internal/op"
	"claviger/policy"
)

// Routes makes the descriptions of a service's operations.
type Routes struct {
	Service *op.Service

	// Rooted: the things of the paths have names that begin with a slash. In a path a name stands
	// without it, and the operation gets it with it. An ARN stays as it is.
	Rooted bool
}

// Get describes an operation that is performed by GET on a path.
func (r Routes) Get(name, path, doc string) op.Info { return r.route(name, "GET", path, doc) }

// Post describes an operation that is performed by POST on a path.
func (r Routes) Post(name, path, doc string) op.Info { return r.route(name, "POST", path, doc) }

// Put describes an operation that is performed by PUT on a path.
func (r Routes) Put(name, path, doc string) op.Info { return r.route(name, "PUT", path, doc) }

// Patch describes an operation that is performed by PATCH on a path.
func (r Routes) Patch(name, path, doc string) op.Info { return r.route(name, "PATCH", path, doc) }

// Delete describes an operation that is performed by DELETE on a path.
func (r Routes) Delete(name, path, doc string) op.Info { return r.route(name, "DELETE", path, doc) }

// Large is said of an operation whose requests carry a secret's value or a policy.
func Large(n op.Info) op.Info {
	n.Large = true
	return n
}

// Internal describes an operation without a route: nothing outside the process can name it.
func (r Routes) Internal(name string) op.Info { return op.Info{Name: name, Service: r.Service} }

func (r Routes) route(name, method, path, doc string) op.Info {
	return op.Info{Name: name, Service: r.Service, Doc: doc, Rooted: r.Rooted,
		Route: op.Route{Method: method, Path: path}}
}

// Account is the target of operations that touch no resource of their own: AWS knows none for them
// but "*".
type Account struct {
	Actions []string // with their service: kms:ListKeys
	Asked   string   // what a refusal calls it; empty: nothing
	op.There
}

// OnAccount returns the target that demands the actions on the caller's account.
func OnAccount(actions ...string) Account { return Account{Actions: actions} }

// Demands implements [op.Target].
func (a Account) Demands() []policy.Demand {
	d := make([]policy.Demand, len(a.Actions))
	for i, action := range a.Actions {
		d[i] = On(action, "*", "")
		d[i].Resource.Asked = a.Asked
	}
	return d
}

// ReadAccount makes an operation that reads across the account and demands nothing else.
func ReadAccount[I op.Input, O any](n op.Info, do func(*op.Call, I) (O, error)) op.Operation {
	return op.Read(n, findAccount[I](n),
		func(c *op.Call, in I, _ Account) (O, error) { return do(c, in) })
}

// WriteAccount makes an operation that adds something to the account and demands nothing else.
func WriteAccount[I op.Input, O any](
	n op.Info, plan func(*op.Call, I) (op.Commit[O], error),
) op.Operation {
	return op.Write(n, findAccount[I](n),
		func(c *op.Call, in I, _ Account) (op.Commit[O], error) { return plan(c, in) })
}

func findAccount[I op.Input](n op.Info) func(*op.Call, I) (Account, error) {
	account := OnAccount(n.Service.Name + ":" + n.Name)
	return func(*op.Call, I) (Account, error) { return account, nil }
}

// On is the demand for an action on a resource of an account. An empty owner is
// the caller's own account.
func On(action, arn, owner string) policy.Demand {
	return policy.Demand{Action: action, Resource: policy.Resource{ARN: arn, Account: owner}}
}

// Or returns what an optional member holds, or what its absence means.
func Or[T any](member *T, absent T) T {
	if member == nil {
		return absent
	}
	return *member
}
