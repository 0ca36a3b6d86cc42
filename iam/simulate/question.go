package simulate

import (
	"strings"

	"claviger/internal/domain"
)

// question is what both simulations ask.
type question struct {
	actions, resources []string
	resourcePolicy     *string
	owner, caller      *string
	context            []ContextEntry
	handling           *string
	control            []OrderedOrganizationPolicyType
}

// validate holds the question to the rules between its members, in the order and in the words in
// which IAM is recorded with them.
func (q *question) validate() error {
	for _, arn := range q.resources {
		if arn == "*" && len(q.resources) == 1 {
			continue
		}
		if !isResource(arn) {
			return invalid("ResourceNames are not in a valid ARN format: %s.", arn)
		}
	}
	for _, action := range q.actions {
		if !strings.Contains(action, ":") {
			return invalid("The action is invalid since it is missing names")
		}
	}
	if q.handling != nil && q.named() && len(q.actions) > 0 {
		return invalid("Invalid input resource handling options. Action does not support resource "+
			"handling options: %s.", q.actions[0])
	}
	for i, level := range q.control {
		if len(level.ServiceControlPolicyInputList) == 0 {
			return invalid("Organization policy at index %d must contain at least one service control "+
				"policy", i+1)
		}
	}
	return q.validateParties()
}

// validateParties looks at who asks and whose the resources are.
func (q *question) validateParties() error {
	if q.caller != nil {
		if _, ok := callerOf(*q.caller); !ok {
			return invalid("Invalid caller - Caller must be an IAM user, role or group in this context.")
		}
	}
	if q.owner != nil {
		if _, ok := accountOf(*q.owner); !ok {
			return invalid("'%s' is not a valid as a Resource Owner.", *q.owner)
		}
	}
	switch {
	case q.resourcePolicy == nil:
		return nil
	case q.caller == nil:
		return invalid("Invalid caller - Caller cannot be null or empty.")
	case !q.named():
		return invalid("Invalid Entity Arn: * does not clearly define entity type and name.")
	}
	return nil
}

// named reports whether the question is about resources and not about all that there are.
func (q *question) named() bool {
	return len(q.resources) > 1 || len(q.resources) == 1 && q.resources[0] != "*"
}

// ask makes the question that of a scenario.
func (q *question) ask(sc *scenario) (err error) {
	sc.actions, sc.resources, sc.named = q.actions, q.resources, q.named()
	if len(sc.resources) == 0 {
		sc.resources = []string{"*"}
	}
	if sc.context, err = contextOf(q.context); err != nil {
		return err
	}
	if q.owner != nil {
		sc.owner, _ = accountOf(*q.owner)
	}
	if q.resourcePolicy != nil {
		if sc.resource, err = inputResourcePolicy(*q.resourcePolicy); err != nil {
			return err
		}
	}
	for _, level := range q.control {
		read, err := readInputs(level.ServiceControlPolicyInputList, "ServiceControlPolicyInputList",
			"Service control policy", identityType)
		if err != nil {
			return err
		}
		sc.control = append(sc.control, read)
	}
	return sc.prepare()
}

func isResource(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[1] != "" && parts[2] != "" && parts[5] != ""
}

// accountOf returns the account of an ARN of IAM's; not ok if it is none.
func accountOf(arn string) (string, bool) {
	parts := strings.SplitN(arn, ":", 6)
	ok := isResource(arn) && parts[2] == "iam" && parts[3] == "" && domain.IsAccount(parts[4])
	if !ok {
		return "", false
	}
	return parts[4], true
}

// withoutPath returns the ARN of a policy as if it had no path.
func withoutPath(arn string) string {
	kind, path, ok := strings.Cut(arn, "/")
	if !ok {
		return arn
	}
	return kind + "/" + path[strings.LastIndexByte(path, '/')+1:]
}
