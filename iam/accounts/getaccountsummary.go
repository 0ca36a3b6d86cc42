package accounts

import (
	"maps"
	"math"

	"claviger/internal/op"
)

// GetAccountSummaryInput is empty, as AWS's.
type GetAccountSummaryInput struct{ op.ByShape }

type GetAccountSummaryOutput struct {
	SummaryMap map[string]int32 // by AWS's names
}

// quotas are those that the operations hold to, by AWS's names, and what counts as nothing because
// it is not here.
var quotas = map[string]int32{
	"UsersQuota": 5000, "GroupsQuota": 300, "RolesQuota": 1000, "PoliciesQuota": 1500,
	"AccessKeysPerUserQuota": 2, "GroupsPerUserQuota": 10,
	"AttachedPoliciesPerUserQuota": 10, "AttachedPoliciesPerGroupQuota": 10,
	"AttachedPoliciesPerRoleQuota": 10, "PolicySizeQuota": 6144, "AssumeRolePolicySizeQuota": 2048,
	"UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240,
	"VersionsPerPolicyQuota": 5, "PolicyVersionsInUseQuota": 10000,
	"GlobalEndpointTokenVersion": 2,

	"AccountMFAEnabled": 0, "AccountPasswordPresent": 0, "MFADevices": 0, "MFADevicesInUse": 0,
	"AccountSigningCertificatesPresent": 0, "SigningCertificatesPerUserQuota": 2,
	"InstanceProfiles": 0, "InstanceProfilesQuota": 1000,
	"ServerCertificates": 0, "ServerCertificatesQuota": 20,
}

func (s *Accounts) summary(c *op.Call, _ GetAccountSummaryInput) (
	out GetAccountSummaryOutput, err error) {
	out.SummaryMap = maps.Clone(quotas)
	counts := map[string]func(account string) (int, error){
		"Users": s.Directory.Users.Count, "Groups": s.Directory.Groups.Count,
		"Roles": s.Directory.Roles.Count, "Policies": s.Directory.Policies.Count,
		"Providers": s.Providers.Count,
		"AccountAccessKeysPresent": func(account string) (int, error) {
			keys, err := s.keys.AccessKeysOf(c, account, account)
			return min(len(keys), 1), err
		},
		"PolicyVersionsInUse": func(account string) (n int, err error) {
			all, err := s.Directory.Policies.List(c, account, "/", "", math.MaxInt32)
			for _, p := range all {
				n += len(p.Versions)
			}
			return n, err
		},
	}
	for name, count := range counts {
		n, err := count(c.Caller.Account)
		if err != nil {
			return out, err
		}
		out.SummaryMap[name] = int32(n)
	}
	return out, nil
}
