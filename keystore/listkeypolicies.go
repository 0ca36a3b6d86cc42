package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
)

type ListKeyPoliciesInput struct {
	KeyId  string  `shape:"KeyIdType,required"`
	Limit  *int32  `shape:"LimitType"`
	Marker *string `shape:"MarkerType"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in ListKeyPoliciesInput) KeyID() string { return in.KeyId }

type ListKeyPoliciesOutput struct {
	PolicyNames []string
	NextMarker  string `json:",omitzero"`
	Truncated   bool
}

// listKeyPolicies: there is always one, so no marker was ever given. It is read all the same, so
// that one that was made up is refused as in other listings.
func (s *Keys) listKeyPolicies(c *op.Call, in ListKeyPoliciesInput,
	k *key.Key) (out ListKeyPoliciesOutput, err error) {
	_, err = s.pager.Page(c, "ListKeyPolicies", k.ID, in.Limit, in.Marker, 100, 1000)
	return ListKeyPoliciesOutput{PolicyNames: []string{policyName}}, err
}
