package simulate

// SimulateOutput is a page of results, one for each action in the order of the request.
type SimulateOutput struct {
	EvaluationResults []EvaluationResult
	IsTruncated       bool
	Marker            string `json:",omitzero"`
}

// EvaluationResult is what becomes of one action: on its resource, or on all of them together. Of
// several resources the strictest decision counts.
type EvaluationResult struct {
	EvalActionName    string
	EvalResourceName  string // "*" where the request names several or none
	EvalDecision      string // allowed, explicitDeny or implicitDeny
	MatchedStatements []Statement
	// keys that the policies ask for and the request says nothing of; none unless nothing allows
	MissingContextValues []string
	// absent: the request brings no service control policies
	OrganizationsDecisionDetail *OrganizationsDecisionDetail `json:",omitzero"`
	// absent: there is no boundary
	PermissionsBoundaryDecisionDetail *PermissionsBoundaryDecisionDetail `json:",omitzero"`
	// what each kind of policy says, if the resource is another account's; empty for one of the same
	// account, and absent where the request names no resource
	EvalDecisionDetails     map[string]string        `json:",omitzero"`
	ResourceSpecificResults []ResourceSpecificResult `json:",omitzero"`
}

// ResourceSpecificResult is what becomes of an action on one resource.
type ResourceSpecificResult struct {
	EvalResourceName                  string
	EvalResourceDecision              string
	MatchedStatements                 []Statement                        `json:",omitempty"`
	MissingContextValues              []string                           `json:",omitempty"`
	EvalDecisionDetails               map[string]string                  `json:",omitempty"`
	PermissionsBoundaryDecisionDetail *PermissionsBoundaryDecisionDetail `json:",omitzero"`
}

// Statement is one that the decision rests on: the policy it is in, and where.
type Statement struct {
	SourcePolicyId   string // name of a managed policy, user_NAME_POLICY, PolicyInputList.1, ...
	SourcePolicyType string // IAM Policy, Resource Policy or Permissions Boundary Policy
	StartPosition    Position
	EndPosition      Position
}

// Position is a place in the text of a policy; both count from 1.
type Position struct{ Line, Column int32 }

// OrganizationsDecisionDetail is what service control policies leave of the action.
type OrganizationsDecisionDetail struct{ AllowedByOrganizations bool }

// PermissionsBoundaryDecisionDetail is what the boundary leaves of the action.
type PermissionsBoundaryDecisionDetail struct{ AllowedByPermissionsBoundary bool }

// What a simulation may come to, from the mildest to the strictest.
const (
	allowed      = "allowed"
	implicitDeny = "implicitDeny"
	explicitDeny = "explicitDeny"
)

// stricter returns the stricter of two decisions.
func stricter(a, b string) string {
	switch {
	case a == explicitDeny || b == explicitDeny:
		return explicitDeny
	case a == implicitDeny || b == implicitDeny:
		return implicitDeny
	}
	return allowed
}
