package topic

import (
	"errors"
	"slices"
	"strings"

	"claviger/internal/domain"
	"claviger/policy"
	"claviger/topics/snsfault"

	"github.com/go-json-experiment/json"
)

// Prefix is how SNS writes its actions in policies and refusals. Case makes no difference to them.
const Prefix = "SNS:"

// mostPolicy is how many bytes the policy of a topic has at most.
const mostPolicy = 30 << 10

// actions are what a topic's policy may speak of, in small letters, and no pattern of them.
var actions = []string{"sns:gettopicattributes", "sns:settopicattributes", "sns:addpermission",
	"sns:removepermission", "sns:deletetopic", "sns:subscribe", "sns:listsubscriptionsbytopic",
	"sns:publish", "sns:receive", "sns:confirmsubscription", "sns:listtagsforresource",
	"sns:tagresource", "sns:untagresource", "sns:getdataprotectionpolicy",
	"sns:putdataprotectionpolicy"}

// What is wrong with a policy, in AWS's words.
var (
	ErrNobody   = snsfault.Invalid("Policy Error: PrincipalNotFound")
	errPolicy   = snsfault.Invalid("Policy Error: null")
	errAction   = snsfault.Invalid("Policy statement action out of service scope!")
	errResource = snsfault.Invalid("Policy statement must apply to a single resource!")
)

// ReadPolicy reads the policy that a topic is to have. That its principals exist is for the caller
// to find out.
func ReadPolicy(text, arn string) (*policy.Document, error) {
	if text == Nobody {
		return new(policy.Document), nil
	}
	if len(text) > mostPolicy {
		return nil, snsfault.Invalid("Policy Reason: it is longer than 30720 bytes")
	}
	d, err := policy.ParseResource(text)
	switch {
	case errors.Is(err, policy.ErrPrincipal), errors.Is(err, policy.ErrPrincipalARN),
		errors.Is(err, policy.ErrNoPrincipal):
		return nil, ErrNobody
	case err != nil:
		return nil, errPolicy
	}
	for i := range d.Statements {
		s := &d.Statements[i]
		switch {
		case s.Principal == nil && s.NotPrincipal == nil:
			return nil, errPolicy
		case len(s.Action) == 0, slices.ContainsFunc(s.Action, func(action string) bool {
			return !slices.Contains(actions, strings.ToLower(action))
		}):
			return nil, errAction
		case len(s.Resource) != 1 || s.Resource[0] != arn && s.Resource[0] != "*":
			return nil, errResource
		}
	}
	return d, nil
}

// document is a policy as AWS writes it out.
type document struct {
	Version   string      `json:"Version"`
	ID        string      `json:"Id"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	SID       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Principal map[string]any               `json:"Principal"`
	Action    any                          `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitzero"`
}

// defaultActions are those of the policy that a topic has from its beginning, in AWS's order.
var defaultActions = []string{"GetTopicAttributes", "SetTopicAttributes", "AddPermission",
	"RemovePermission", "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"}

// DefaultPolicy is the policy of a topic that was given none. It lets in the services that act for
// the account and say so, and nobody who signs for himself.
func DefaultPolicy(r Ref) string {
	all := make([]string, len(defaultActions))
	for i, action := range defaultActions {
		all[i] = Prefix + action
	}
	return written(document{Version: policy.Version2008, ID: "__default_policy_ID",
		Statement: []statement{{SID: "__default_statement_ID", Effect: policy.Allow,
			Principal: map[string]any{"AWS": "*"}, Action: all, Resource: r.ARN(),
			Condition: map[string]map[string]string{
				"StringEquals": {"AWS:SourceOwner": r.Account}}}}})
}

func written(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // it is made of texts
	}
	return string(b)
}

// Permit returns a policy with one more statement: the accounts may do so much with the topic.
func Permit(text string, r Ref, label string, accounts, operations []string) (string, error) {
	var d map[string]any
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return "", err
	}
	all := statementsOf(d)
	if at(all, label) >= 0 {
		return "", snsfault.SameLabel
	}
	s := statement{SID: label, Effect: policy.Allow, Resource: r.ARN(),
		Principal: map[string]any{"AWS": oneOrMany(accounts, func(account string) string {
			return "arn:aws:iam::" + account + ":root"
		})},
		Action: oneOrMany(operations, func(operation string) string { return Prefix + operation })}
	return rewritten(d, append(all, s)), nil
}

// Nobody is the policy of a topic whose last statement was taken out. The policy language has none
// without statements.
const Nobody = `{"Version":"2008-10-17","Statement":[]}`

// Forbid returns a policy without the statement of a label, as it is if there is none.
func Forbid(text, label string) (string, error) {
	var d map[string]any
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return "", err
	}
	all := statementsOf(d)
	i := at(all, label)
	if i < 0 {
		return text, nil
	}
	if len(all) == 1 {
		return Nobody, nil
	}
	return rewritten(d, slices.Delete(all, i, i+1)), nil
}

func statementsOf(d map[string]any) []any {
	switch s := d["Statement"].(type) {
	case []any:
		return s
	case nil:
		return nil
	default:
		return []any{s}
	}
}

func at(all []any, label string) int {
	return slices.IndexFunc(all, func(s any) bool {
		one, _ := s.(map[string]any)
		return one["Sid"] == label
	})
}

// rewritten has the members of a document in AWS's order.
func rewritten(d map[string]any, all []any) string {
	version, _ := d["Version"].(string)
	id, _ := d["Id"].(string)
	return written(struct {
		Version   string `json:"Version,omitzero"`
		ID        string `json:"Id,omitzero"`
		Statement []any  `json:"Statement"`
	}{version, id, all})
}

func oneOrMany(list []string, as func(string) string) any {
	if len(list) == 1 {
		return as(list[0])
	}
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = as(s)
	}
	return all
}

// CheckPermission holds the members of AddPermission to AWS's rules.
func CheckPermission(label string, accounts, operations []string) error {
	switch {
	case label == "" || len(label) > 100 || hasControls(label):
		return snsfault.Invalid("Label")
	case len(accounts) == 0:
		return snsfault.Invalid("AWSAccountId")
	case len(operations) == 0:
		return snsfault.Invalid("ActionName")
	}
	for _, account := range accounts {
		if !domain.IsAccount(account) {
			return ErrNobody
		}
	}
	for _, operation := range operations {
		if !slices.Contains(actions, strings.ToLower(Prefix+operation)) {
			return errAction
		}
	}
	return nil
}
