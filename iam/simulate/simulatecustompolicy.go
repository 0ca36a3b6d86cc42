package simulate

import (
	"claviger/internal/op"
	"claviger/policy"
)

// SimulateCustomPolicyInput brings all policies as texts.
type SimulateCustomPolicyInput struct {
	PolicyInputList []string `shape:"SimulationPolicyListType,required"`
	// one at most
	PermissionsBoundaryPolicyInputList []string                        `shape:"SimulationPolicyListType"`
	OrderedOrganizationPolicyInputList []OrderedOrganizationPolicyType `shape:"OrganizationPolicyListType"`
	ActionNames                        []string                        `shape:"ActionNameListType,required"`
	ResourceArns                       []string                        `shape:"ResourceNameListType"` // absent: *
	ResourcePolicy                     *string                         `shape:"policyDocumentType"`
	ResourceOwner                      *string                         `shape:"ResourceNameType"`
	CallerArn                          *string                         `shape:"ResourceNameType"`
	ContextEntries                     []ContextEntry                  `shape:"ContextEntryListType"`
	ResourceHandlingOption             *string                         `shape:"ResourceHandlingOptionType"`
	MaxItems                           *int32                          `shape:"maxItemsType"` // 1 to 1000; absent: 100
	Marker                             *string                         `shape:"markerType"`
}

// OrderedOrganizationPolicyType is one level of an organization: what any of its policies allows is
// allowed, and every level has to allow it.
type OrderedOrganizationPolicyType struct {
	ServiceControlPolicyInputList []string `shape:"SimulationPolicyListType"`
}

// Validate implements [op.Input].
func (in SimulateCustomPolicyInput) Validate() error { return in.question().validate() }

func (in *SimulateCustomPolicyInput) question() *question {
	return &question{actions: in.ActionNames, resources: in.ResourceArns,
		resourcePolicy: in.ResourcePolicy, owner: in.ResourceOwner, caller: in.CallerArn,
		context: in.ContextEntries, handling: in.ResourceHandlingOption,
		control: in.OrderedOrganizationPolicyInputList}
}

func (s *Simulator) simulateCustomPolicy(c *op.Call, in SimulateCustomPolicyInput) (
	out SimulateOutput, err error) {
	sc := &scenario{caller: policy.Caller{Type: policy.IAMUser, Account: c.Caller.Account}}
	if in.CallerArn != nil {
		sc.caller, _ = callerOf(*in.CallerArn)
	}
	if sc.identity, err = inputPolicies(in.PolicyInputList); err != nil {
		return out, err
	}
	if sc.boundary, err = inputBoundary(in.PermissionsBoundaryPolicyInputList); err != nil {
		return out, err
	}
	if err := in.question().ask(sc); err != nil {
		return out, err
	}
	return s.page(c, "SimulateCustomPolicy", sc, in.MaxItems, in.Marker)
}
