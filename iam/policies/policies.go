// Package policies performs IAM's operations on managed policies and their versions.
package policies

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// Policies performs the operations. [New] makes it.
type Policies struct{ target.Entities }

// New returns the managed policies among entities.
func New(e target.Entities) *Policies { return &Policies{Entities: e} }

// tags are the rules of policies' tags.
var tags = model.Tags{}

// policyTarget is the managed policy that an operation is about.
type policyTarget = target.Entity[entity.Policy]

// find is what operations that read a policy are about.
func (s *Policies) find(c *op.Call, action, arn string) (policyTarget, error) {
	return s.Policy(c, arn, target.Asked{Action: action})
}

// findToChange is what operations that change a policy are about.
func (s *Policies) findToChange(c *op.Call, action, arn string, values policy.Values) (
	policyTarget, error) {
	return s.PolicyToChange(c, arn, target.Asked{Action: action, Values: values})
}

// versionOf returns a version of a policy.
func versionOf(p *entity.Policy, id string) (*entity.Version, error) {
	v := p.Version(id)
	if v == nil {
		return nil, model.NoSuchEntity("Policy %s version %s does not exist or is not attachable.",
			p.ARN(), id)
	}
	return v, nil
}

// Operations is the table of contents.
func (s *Policies) Operations() []op.Operation {
	iam := domain.Routes{Service: model.IAM}
	policies := iam.Of("/v1/iam/policies", "PolicyArn")
	const one, version = "/v1/iam/policies/{PolicyArn...}", "/versions/{VersionId}"
	return []op.Operation{
		op.Write(domain.Large(iam.Post("CreatePolicy", "/v1/iam/policies",
			"Makes a managed policy, which can be attached to users, groups and roles.").
			Makes("/v1/iam/policies/{Policy.Arn}")), s.findCreate, s.create),
		op.Read(iam.Get("GetPolicy", one, "Returns what a managed policy is, without its document."),
			s.findGet, s.get),
		op.Read(iam.Get("ListPolicies", "/v1/iam/policies",
			"Lists the managed policies: those of the account, and AWS's."), s.findList, s.list),
		op.Write(iam.Delete("DeletePolicy", one,
			"Deletes a managed policy that is in no use and has one version."), s.findDelete, s.delete),
		op.Write(domain.Large(policies.Post("CreatePolicyVersion", "versions",
			"Adds a version to a managed policy.")), s.findCreateVersion, s.createVersion),
		op.Read(iam.Get("GetPolicyVersion", one+version,
			"Returns a version of a managed policy, with its document."),
			s.findVersion, s.getVersion),
		op.Read(policies.Get("ListPolicyVersions", "versions",
			"Lists the versions of a managed policy, the newest first."),
			s.findVersions, s.listVersions),
		op.Write(policies.Put("SetDefaultPolicyVersion", "default-version",
			"Has a version of a managed policy decide from now on."), s.findSetDefault, s.setDefault),
		op.Write(iam.Delete("DeletePolicyVersion", one+version,
			"Deletes a version of a managed policy that doesn't decide."),
			s.findDeleteVersion, s.deleteVersion),
		op.Read(policies.Get("ListEntitiesForPolicy", "entities",
			"Lists the users, groups and roles that a managed policy is attached to or bounds."),
			s.findEntities, s.listEntities),
		op.Write(policies.Post("TagPolicy", "tags", "Puts tags on a managed policy."),
			s.findTag, s.tag),
		op.Write(policies.Delete("UntagPolicy", "tags", "Takes tags off a managed policy."),
			s.findUntag, s.untag),
		op.Read(policies.Get("ListPolicyTags", "tags", "Lists the tags of a managed policy."),
			s.findTags, s.listTags),
	}
}
