package attachments

import (
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

type GetUserPolicyInput struct {
	UserName   string `shape:"existingUserNameType,required"`
	PolicyName string `shape:"policyNameType,required"`
	op.ByShape
}

type GetGroupPolicyInput struct {
	GroupName  string `shape:"groupNameType,required"`
	PolicyName string `shape:"policyNameType,required"`
	op.ByShape
}

type GetRolePolicyInput struct {
	RoleName   string `shape:"roleNameType,required"`
	PolicyName string `shape:"policyNameType,required"`
	op.ByShape
}

type GetUserPolicyOutput struct {
	UserName       string
	PolicyName     string
	PolicyDocument model.Document
}

type GetGroupPolicyOutput struct {
	GroupName      string
	PolicyName     string
	PolicyDocument model.Document
}

type GetRolePolicyOutput struct {
	RoleName       string
	PolicyName     string
	PolicyDocument model.Document
}

func (in GetUserPolicyInput) entity() string  { return in.UserName }
func (in GetGroupPolicyInput) entity() string { return in.GroupName }
func (in GetRolePolicyInput) entity() string  { return in.RoleName }
func (in GetUserPolicyInput) name() string    { return in.PolicyName }
func (in GetGroupPolicyInput) name() string   { return in.PolicyName }
func (in GetRolePolicyInput) name() string    { return in.PolicyName }

func shownOfUser(of, name string, d model.Document) GetUserPolicyOutput {
	return GetUserPolicyOutput{of, name, d}
}

func shownOfGroup(of, name string, d model.Document) GetGroupPolicyOutput {
	return GetGroupPolicyOutput{of, name, d}
}

func shownOfRole(of, name string, d model.Document) GetRolePolicyOutput {
	return GetRolePolicyOutput{of, name, d}
}

// get makes the operation that returns an inline policy, as shown makes it of the names of the
// entity and of the policy, and of its document.
func get[I inline, E, O any](n op.Info, h *holders[E],
	shown func(of, name string, d model.Document) O) op.Operation {
	return op.Read(n, findInline[I](n, h),
		func(_ *op.Call, in I, t target.Entity[E]) (out O, err error) {
			i, err := h.inlineOf(t, in.name())
			if err != nil {
				return out, err
			}
			return shown(nameOf(h.kind.Facts(t.Row).ARN), i.Name, model.Document(i.Document)), nil
		})
}
