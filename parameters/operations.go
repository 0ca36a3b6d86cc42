package parameters

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/model"
	"claviger/parameters/target"
)

var (
	routes = domain.Routes{Service: model.ParameterStore}
	rooted = domain.Routes{Service: model.ParameterStore, Rooted: true}
)

// aParameter is the path of a parameter as a resource: what PUT puts there, GET returns. What else
// there is of one has a path of its own, and none behind the name: any word may be a level of it.
const aParameter = "/v1/parameters/{Name...}"

// aSetting is the path of what an account has set.
const aSetting = "/v1/parameter-settings/{SettingId...}"

// tagsOf is the path of a parameter's tags.
const tagsOf = "/v1/tags/{ResourceType}/{ResourceId...}"

// policyOf is the path of a parameter's resource policy.
const policyOf = "/v1/parameter-policies/{ResourceArn...}"

// Operations is the table of contents.
func (s *Parameters) Operations() []op.Operation {
	return []op.Operation{
		op.Write(rooted.Put("PutParameter", aParameter,
			"Makes a parameter, or gives one that is there a new version."),
			s.findPut, s.putParameter),
		op.Read(rooted.Get("GetParameter", aParameter, "Returns one version of a parameter."),
			s.findGet, s.getParameter),
		op.Read(routes.Get("GetParameters", "/v1/parameter-values",
			"Returns up to ten parameters by name."),
			s.findGetSeveral, s.getParameters),
		op.Read(rooted.Get("GetParametersByPath", "/v1/parameter-paths/{Path...}",
			"Returns the parameters below a path.").At("GET", "/v1/parameter-paths"),
			s.findBelow, s.getParametersByPath),
		op.Read(rooted.Get("GetParameterHistory", "/v1/parameter-history/{Name...}",
			"Returns the versions of a parameter, with their values."),
			s.findHistory, s.getParameterHistory),
		op.Read(routes.Get("DescribeParameters", "/v1/parameters",
			"Lists what is known of parameters, their values left out."),
			s.findDescribe, s.describeParameters),

		target.Change(s.finder, rooted.Delete("DeleteParameter", aParameter,
			"Deletes a parameter with all its versions."),
			s.deleteParameter),
		op.Write(routes.Delete("DeleteParameters", "/v1/parameters",
			"Deletes up to ten parameters by name."),
			s.findDeleteSeveral, s.deleteParameters),

		target.Change(s.finder, rooted.Post("LabelParameterVersion", "/v1/parameter-labels/{Name...}",
			"Puts labels on a version of a parameter."),
			s.labelParameterVersion),
		target.Change(s.finder, rooted.Delete("UnlabelParameterVersion",
			"/v1/parameter-labels/{Name...}", "Takes labels from a version of a parameter."),
			s.unlabelParameterVersion),

		target.Change(s.finder, rooted.Post("AddTagsToResource", tagsOf,
			"Adds tags to a parameter or overwrites them."),
			s.addTagsToResource),
		target.Change(s.finder, rooted.Delete("RemoveTagsFromResource", tagsOf,
			"Removes tags from a parameter."),
			s.removeTagsFromResource),
		target.Read(s.finder, rooted.Get("ListTagsForResource", tagsOf,
			"Lists the tags of a parameter."),
			s.listTagsForResource),

		target.ChangeResource(s.finder, domain.Large(routes.Put("PutResourcePolicy", policyOf,
			"Shares a parameter with other accounts, by a resource policy.")),
			s.putResourcePolicy),
		target.ReadResource(s.finder, routes.Get("GetResourcePolicies", policyOf,
			"Returns a parameter's resource policy, if it has one."),
			s.getResourcePolicies),
		target.ChangeResource(s.finder, routes.Delete("DeleteResourcePolicy", policyOf,
			"Takes a parameter's resource policy away."),
			s.deleteResourcePolicy),

		s.settings.Get(rooted.Get("GetServiceSetting", aSetting,
			"Returns what the account has set for its parameters.")),
		s.settings.Update(rooted.Put("UpdateServiceSetting", aSetting,
			"Sets something for the parameters of the account.")),
		s.settings.Reset(rooted.Delete("ResetServiceSetting", aSetting,
			"Takes back what the account has set.")),
	}
}
