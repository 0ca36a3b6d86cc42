package simulate

import (
	"slices"

	"claviger/internal/op"
)

// SimulatePrincipalPolicyInput names a user, group or role, whose policies are in force.
type SimulatePrincipalPolicyInput struct {
	PolicySourceArn string   `shape:"arnType,required"`
	PolicyInputList []string `shape:"SimulationPolicyListType"` // beside its own
	// in the place of its own; one at most
	PermissionsBoundaryPolicyInputList []string           `shape:"SimulationPolicyListType"`
	PolicyExclusionList                []PolicyIdentifier `shape:"PolicyExclusionsListType"`
	ActionNames                        []string           `shape:"ActionNameListType,required"`
	ResourceArns                       []string           `shape:"ResourceNameListType"` // absent: *
	ResourcePolicy                     *string            `shape:"policyDocumentType"`
	ResourceOwner                      *string            `shape:"ResourceNameType"`
	CallerArn                          *string            `shape:"ResourceNameType"` // absent: the user itself
	ContextEntries                     []ContextEntry     `shape:"ContextEntryListType"`
	ResourceHandlingOption             *string            `shape:"ResourceHandlingOptionType"`
	MaxItems                           *int32             `shape:"maxItemsType"` // 1 to 1000; absent: 100
	Marker                             *string            `shape:"markerType"`
}

// PolicyIdentifier names policies that are to be left out, by one of its members.
type PolicyIdentifier struct {
	PolicyType             *string                     `shape:"PolicyIdentifierPolicyType"`
	PolicyArn              *string                     `shape:"arnType"`
	InlinePolicyIdentifier *InlinePolicyIdentifierType `shape:"InlinePolicyIdentifierType"`
}

// InlinePolicyIdentifierType names one inline policy.
type InlinePolicyIdentifierType struct {
	PolicyName     string `shape:"policyNameType,required"`
	AttachmentType string `shape:"AttachmentType,required"`
	AttachmentName string `shape:"AttachmentName,required"`
}

// Validate implements [op.Input].
func (in SimulatePrincipalPolicyInput) Validate() error {
	if err := checkSource(in.PolicySourceArn); err != nil {
		return err
	}
	return in.question().validate()
}

// question asks as the user whose policies they are, unless the request names somebody else.
func (in *SimulatePrincipalPolicyInput) question() *question {
	caller := in.CallerArn
	if e, _ := parseEntity(in.PolicySourceArn); caller == nil && e.kind == OfUser {
		caller = &in.PolicySourceArn
	}
	return &question{actions: in.ActionNames, resources: in.ResourceArns,
		resourcePolicy: in.ResourcePolicy, owner: in.ResourceOwner, caller: caller,
		context: in.ContextEntries, handling: in.ResourceHandlingOption}
}

func (s *Simulator) findSimulated(c *op.Call, in SimulatePrincipalPolicyInput) (*subject, error) {
	return s.find(c, "SimulatePrincipalPolicy", in.PolicySourceArn)
}

func (s *Simulator) simulatePrincipalPolicy(c *op.Call, in SimulatePrincipalPolicyInput,
	of *subject) (out SimulateOutput, err error) {
	sc := &scenario{caller: of.Caller}
	if in.CallerArn != nil {
		sc.caller, _ = callerOf(*in.CallerArn)
		sc.caller.Tags = of.Caller.Tags
	}
	own := slices.DeleteFunc(slices.Clone(of.Policies), func(p NamedPolicy) bool {
		return slices.ContainsFunc(in.PolicyExclusionList, func(x PolicyIdentifier) bool {
			return x.names(&p)
		})
	})
	if sc.identity, err = storedPolicies(own); err != nil {
		return out, err
	}
	more, err := inputPolicies(in.PolicyInputList)
	if err != nil {
		return out, err
	}
	sc.identity = append(sc.identity, more...)
	if sc.boundary, err = inputBoundary(in.PermissionsBoundaryPolicyInputList); err != nil {
		return out, err
	}
	if sc.boundary == nil && of.Boundary != nil && !in.leavesOutBoundary() {
		if sc.boundary, err = stored(of.Boundary, boundaryType); err != nil {
			return out, err
		}
	}
	if err := in.question().ask(sc); err != nil {
		return out, err
	}
	return s.page(c, "SimulatePrincipalPolicy", sc, in.MaxItems, in.Marker)
}

// leavesOutBoundary: a boundary is left out by its type alone. By an ARN, identity policies are.
func (in *SimulatePrincipalPolicyInput) leavesOutBoundary() bool {
	return slices.ContainsFunc(in.PolicyExclusionList, func(x PolicyIdentifier) bool {
		return x.PolicyType != nil && *x.PolicyType == "permission-boundary"
	})
}

// names reports whether an identity policy is meant. An ARN may leave the path out.
func (x *PolicyIdentifier) names(p *NamedPolicy) bool {
	switch inline := x.InlinePolicyIdentifier; {
	case x.PolicyType != nil && *x.PolicyType == "inline":
		return p.isInline()
	case x.PolicyType != nil:
		return *x.PolicyType == p.Type
	case x.PolicyArn != nil:
		return !p.isInline() && (*x.PolicyArn == p.ARN || *x.PolicyArn == withoutPath(p.ARN))
	case inline != nil:
		return p.isInline() && inline.PolicyName == p.Name && inline.AttachmentType == p.Type &&
			inline.AttachmentName == p.Owner
	}
	return false
}
