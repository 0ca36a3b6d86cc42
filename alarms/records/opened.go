package records

import (
	"cmp"
	"slices"
	"strings"

	"claviger/alarms"
	"claviger/internal/domain"
	"claviger/policy"
	"claviger/policy/inspect"

	"github.com/go-json-experiment/json"
)

// granted is what a request lets somebody do with something.
type granted struct {
	resource string // ARN
	service  string // whose actions its policy is about
	policy   string // a document, or nothing
	accounts []string
}

// parameters are those members of requests that say what is let in, and of answers that say what
// was made. Of each request most are empty.
type parameters struct {
	KeyID         string   `json:"keyId"`
	ReplicaRegion string   `json:"replicaRegion"`
	Grantee       string   `json:"granteePrincipal"`
	Policy        string   `json:"policy"`
	Resource      string   `json:"resourcePolicy"` // of a secret
	Secret        string   `json:"secretId"`
	ResourceARN   string   `json:"resourceArn"`
	Topic         string   `json:"topicArn"`
	Attribute     string   `json:"attributeName"`
	Value         string   `json:"attributeValue"`
	Accounts      []string `json:"aWSAccountId"`
	Attributes    struct {
		Policy string `json:"Policy"`
	} `json:"attributes"`
	Role     string `json:"roleName"`
	Trust    string `json:"assumeRolePolicyDocument"`
	NewTrust string `json:"policyDocument"`
}

// answered are those members of answers that name what was made.
type answered struct {
	ARN        string `json:"arn"`
	Topic      string `json:"topicArn"`
	Key        named  `json:"keyMetadata"`
	ReplicaKey named  `json:"replicaKeyMetadata"`
	Role       named  `json:"role"`
}

type named struct {
	ARN string `json:"arn"`
}

// grants are the operations that let somebody in, by eventName. What they grant has no resource if
// they grant nothing this time.
var grants = map[string]func(*record, parameters, answered) granted{
	"PutKeyPolicy": func(r *record, in parameters, _ answered) granted {
		return granted{resource: r.key(in.KeyID), service: "kms", policy: in.Policy}
	},
	"CreateKey": func(r *record, in parameters, out answered) granted {
		return granted{resource: cmp.Or(out.Key.ARN, r.key("")), service: "kms",
			policy: in.Policy}
	},
	"ReplicateKey": func(r *record, in parameters, out answered) granted {
		there := strings.Replace(r.key(in.KeyID), ":"+r.Region+":", ":"+in.ReplicaRegion+":", 1)
		return granted{resource: cmp.Or(out.ReplicaKey.ARN, there), service: "kms", policy: in.Policy}
	},
	"CreateGrant": func(r *record, in parameters, _ answered) granted {
		return granted{resource: r.key(in.KeyID), accounts: []string{in.Grantee}}
	},
	"PutResourcePolicy": func(r *record, in parameters, out answered) granted {
		if in.ResourceARN != "" {
			return granted{resource: in.ResourceARN, service: "ssm", policy: in.Policy}
		}
		return granted{resource: cmp.Or(out.ARN, r.secret(in.Secret)), service: "secretsmanager",
			policy: in.Resource}
	},
	"CreateTopic": func(_ *record, in parameters, out answered) granted {
		return granted{resource: out.Topic, service: "sns", policy: in.Attributes.Policy}
	},
	"SetTopicAttributes": func(_ *record, in parameters, _ answered) granted {
		if in.Attribute != "Policy" {
			return granted{}
		}
		return granted{resource: in.Topic, service: "sns", policy: in.Value}
	},
	"AddPermission": func(_ *record, in parameters, _ answered) granted {
		return granted{resource: in.Topic, accounts: in.Accounts}
	},
	"CreateRole": func(r *record, in parameters, out answered) granted {
		return granted{resource: cmp.Or(out.Role.ARN, r.role(in.Role)), service: "sts",
			policy: in.Trust}
	},
	"UpdateAssumeRolePolicy": func(r *record, in parameters, _ answered) granted {
		return granted{resource: r.role(in.Role), service: "sts", policy: in.NewTrust}
	},
}

// first is the record's first resource, or what is named by an ARN of its own or by arn.
func (r *record) first(name string, arn func() domain.ARN) string {
	switch {
	case len(r.Resources) > 0:
		return r.Resources[0].ARN
	case len(r.Additional.ResourceARNs) > 0:
		return r.Additional.ResourceARNs[0]
	case name == "" || strings.HasPrefix(name, "arn:"):
		return name
	}
	return arn().String()
}

func (r *record) key(name string) string {
	return r.first(name, func() domain.ARN {
		return domain.ARN{Service: "kms", Region: r.Region, Account: r.Recipient, Resource: "key/" + name}
	})
}

// secret is the secret of a name. Without an answer nobody can tell the six characters that end its
// ARN.
func (r *record) secret(name string) string {
	return r.first(name, func() domain.ARN {
		return domain.ARN{Service: "secretsmanager", Region: r.Region, Account: r.Recipient,
			Resource: "secret:" + name}
	})
}

func (r *record) role(name string) string {
	return r.first(name, func() domain.ARN {
		return domain.ARN{Service: "iam", Account: r.Recipient, Resource: "role/" + name}
	})
}

// opened returns the event of a request that lets everybody in, or somebody of another account. Not
// ok is a request that lets in nobody but its own.
func (r *record) opened() (d alarms.Opened, ok bool) {
	var in parameters
	var out answered
	if json.Unmarshal(r.Parameters, &in) != nil {
		return d, false
	}
	if len(r.Response) > 0 && json.Unmarshal(r.Response, &out) != nil {
		return d, false
	}
	g := grants[r.EventName](r, in, out)
	own := r.at(g.resource).Account
	let := g.outsiders(own)
	if g.resource == "" || !let.public && let.IsNone() {
		return d, false
	}
	d = alarms.Opened{Version: alarms.Version, Resource: g.resource, Access: alarms.CrossAccount,
		Accounts: let.Accounts, Request: r.request()}
	if let.public {
		d.Access = alarms.Public
	}
	if d.Accounts == nil {
		d.Accounts = []string{}
	}
	return d, true
}

type outsiders struct {
	inspect.Outsiders
	public bool
}

func (g granted) outsiders(own string) (let outsiders) {
	for _, name := range g.accounts {
		account := inspect.AccountIn(name)
		if account != "" && account != own && !slices.Contains(let.Accounts, account) {
			let.Accounts = append(let.Accounts, account)
		}
	}
	if g.policy == "" {
		return let
	}
	d, err := policy.Parse(g.policy)
	if err != nil {
		return let // it can't be read, and was refused
	}
	return outsiders{inspect.OutsidersOf(d, g.service, own), inspect.IsPublic(d, g.service)}
}
