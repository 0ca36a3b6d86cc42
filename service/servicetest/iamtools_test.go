package servicetest_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
)

// What tools call of IAM after they have made, read or deleted something, unasked: infrastructure
// providers end on whatever isn't success or NoSuchEntity, and tools that look for violations of
// policies on whatever they can't read.

// done fails unless a call has succeeded.
func done[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Errorf("%T: %v", v, err)
		}
		return v
	}
}

// noSuch fails unless a call says that there is no such thing.
func noSuch[T any](t testing.TB) func(T, error) {
	return func(v T, err error) {
		t.Helper()
		var e smithy.APIError
		if !errors.As(err, &e) || e.ErrorCode() != "NoSuchEntity" {
			t.Errorf("%T: %v, want NoSuchEntity", v, err)
		}
	}
}

// decodes checks that a document is as it was given: percent-encoded, without a plus for a blank.
func decodes(t testing.TB, got, want *string) {
	t.Helper()
	text, err := url.PathUnescape(aws.ToString(got))
	if err != nil || text != *want || strings.Contains(*got, "+") || strings.Contains(*got, " ") {
		t.Errorf("the document is %s, want %s; %v", aws.ToString(got), *want, err)
	}
}

// TestTerraform_UserAndGroup_AreMadeReadAndDeleted: with force_destroy.
func TestTerraform_UserAndGroup_AreMadeReadAndDeleted(t *testing.T) {
	a := newAdministrator(t)
	ctx, u, g := t.Context(), aws.String("tf"), aws.String("tf-group")
	noSuch[*iam.GetUserOutput](t)(a.GetUser(ctx, &iam.GetUserInput{UserName: u}))
	made := done[*iam.CreateUserOutput](t)(a.CreateUser(ctx, &iam.CreateUserInput{UserName: u,
		Path: aws.String("/"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}}}))
	got := done[*iam.GetUserOutput](t)(a.GetUser(ctx, &iam.GetUserInput{UserName: u})).User
	if *got.Arn != *made.User.Arn || len(got.Tags) != 1 || got.CreateDate == nil {
		t.Errorf("the user is %+v", got)
	}
	done[*iam.TagUserOutput](t)(a.TagUser(ctx, &iam.TagUserInput{UserName: u,
		Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("c d")}}}))
	done[*iam.UntagUserOutput](t)(a.UntagUser(ctx, &iam.UntagUserInput{UserName: u,
		TagKeys: []string{"a"}}))
	done[*iam.UpdateUserOutput](t)(a.UpdateUser(ctx, &iam.UpdateUserInput{UserName: u,
		NewPath: aws.String("/ops/"), NewUserName: u}))
	document := policyOf(permit("kms:List*", "*", ""))
	done[*iam.PutUserPolicyOutput](t)(a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: u,
		PolicyName: aws.String("inline"), PolicyDocument: document}))
	inline := done[*iam.GetUserPolicyOutput](t)(a.GetUserPolicy(ctx, &iam.GetUserPolicyInput{
		UserName: u, PolicyName: aws.String("inline")}))
	decodes(t, inline.PolicyDocument, document)
	done[*iam.CreateGroupOutput](t)(a.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: g,
		Path: aws.String("/")}))
	done[*iam.GetGroupOutput](t)(a.GetGroup(ctx, &iam.GetGroupInput{GroupName: g}))
	done[*iam.UpdateGroupOutput](t)(a.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: g,
		NewPath: aws.String("/ops/"), NewGroupName: g}))
	done[*iam.AddUserToGroupOutput](t)(a.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: u,
		GroupName: g}))
	done[*iam.AttachGroupPolicyOutput](t)(a.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{
		GroupName: g, PolicyArn: aws.String(administratorAccess)}))
	done[*iam.ListAttachedGroupPoliciesOutput](t)(a.ListAttachedGroupPolicies(ctx,
		&iam.ListAttachedGroupPoliciesInput{GroupName: g}))
	if m := done[*iam.GetGroupOutput](t)(a.GetGroup(ctx, &iam.GetGroupInput{GroupName: g})); len(
		m.Users) != 1 {
		t.Errorf("the group has %d members", len(m.Users))
	}
	key := a.key(*u)
	done[*iam.ListAccessKeysOutput](t)(a.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: u}))
	done[*iam.GetAccessKeyLastUsedOutput](t)(a.GetAccessKeyLastUsed(ctx,
		&iam.GetAccessKeyLastUsedInput{AccessKeyId: &key.AccessKeyID}))

	groups := done[*iam.ListGroupsForUserOutput](t)(a.ListGroupsForUser(ctx,
		&iam.ListGroupsForUserInput{UserName: u}))
	for _, of := range groups.Groups {
		done[*iam.RemoveUserFromGroupOutput](t)(a.RemoveUserFromGroup(ctx,
			&iam.RemoveUserFromGroupInput{UserName: u, GroupName: of.GroupName}))
	}
	done[*iam.DetachGroupPolicyOutput](t)(a.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{
		GroupName: g, PolicyArn: aws.String(administratorAccess)}))
	done[*iam.DeleteGroupOutput](t)(a.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: g}))
	_, err := a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: u})
	refused(t, err, "DeleteConflict", "*")
	a.destroy(*u)
	noSuch[*iam.GetUserOutput](t)(a.GetUser(ctx, &iam.GetUserInput{UserName: u}))
	noSuch[*iam.GetGroupOutput](t)(a.GetGroup(ctx, &iam.GetGroupInput{GroupName: g}))
}

// destroy deletes a user as force_destroy does, which asks for all that a user may have.
func (a *accountAdmin) destroy(name string) {
	t, ctx, u := a.t, a.t.Context(), &name
	t.Helper()
	for _, p := range done[*iam.ListUserPoliciesOutput](t)(a.ListUserPolicies(ctx,
		&iam.ListUserPoliciesInput{UserName: u})).PolicyNames {
		done[*iam.DeleteUserPolicyOutput](t)(a.DeleteUserPolicy(ctx,
			&iam.DeleteUserPolicyInput{UserName: u, PolicyName: &p}))
	}
	done[*iam.ListAttachedUserPoliciesOutput](t)(a.ListAttachedUserPolicies(ctx,
		&iam.ListAttachedUserPoliciesInput{UserName: u}))
	for _, k := range done[*iam.ListAccessKeysOutput](t)(a.ListAccessKeys(ctx,
		&iam.ListAccessKeysInput{UserName: u})).AccessKeyMetadata {
		done[*iam.DeleteAccessKeyOutput](t)(a.DeleteAccessKey(ctx,
			&iam.DeleteAccessKeyInput{UserName: u, AccessKeyId: k.AccessKeyId}))
	}
	done[*iam.ListSSHPublicKeysOutput](t)(a.ListSSHPublicKeys(ctx,
		&iam.ListSSHPublicKeysInput{UserName: u}))
	done[*iam.ListVirtualMFADevicesOutput](t)(a.ListVirtualMFADevices(ctx,
		&iam.ListVirtualMFADevicesInput{AssignmentStatus: types.AssignmentStatusTypeAssigned}))
	done[*iam.ListMFADevicesOutput](t)(a.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: u}))
	noSuch[*iam.DeleteLoginProfileOutput](t)(a.DeleteLoginProfile(ctx,
		&iam.DeleteLoginProfileInput{UserName: u}))
	done[*iam.ListSigningCertificatesOutput](t)(a.ListSigningCertificates(ctx,
		&iam.ListSigningCertificatesInput{UserName: u}))
	done[*iam.ListServiceSpecificCredentialsOutput](t)(a.ListServiceSpecificCredentials(ctx,
		&iam.ListServiceSpecificCredentialsInput{UserName: u}))
	done[*iam.DeleteUserOutput](t)(a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: u}))
}

// TestTerraform_RoleAndPolicy_AreMadeChangedAndDeleted: a policy is changed by a version that
// becomes the default one, and pruned at five.
func TestTerraform_RoleAndPolicy_AreMadeChangedAndDeleted(t *testing.T) {
	a := newAdministrator(t)
	ctx, r := t.Context(), aws.String("tf")
	document := policyOf(permit("kms:List*", "*", ""))
	trust := policyOf(trustedBy(servicetest.Account, ""))
	policy := done[*iam.CreatePolicyOutput](t)(a.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("tf"), Path: aws.String("/"), PolicyDocument: document,
		Description: aws.String("by terraform")})).Policy.Arn
	for range 6 {
		got := done[*iam.GetPolicyOutput](t)(a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: policy}))
		version := done[*iam.GetPolicyVersionOutput](t)(a.GetPolicyVersion(ctx,
			&iam.GetPolicyVersionInput{PolicyArn: policy, VersionId: got.Policy.DefaultVersionId}))
		decodes(t, version.PolicyVersion.Document, document)
		versions := done[*iam.ListPolicyVersionsOutput](t)(a.ListPolicyVersions(ctx,
			&iam.ListPolicyVersionsInput{PolicyArn: policy})).Versions
		if len(versions) == 5 {
			done[*iam.DeletePolicyVersionOutput](t)(a.DeletePolicyVersion(ctx,
				&iam.DeletePolicyVersionInput{PolicyArn: policy, VersionId: versions[4].VersionId}))
		}
		made := done[*iam.CreatePolicyVersionOutput](t)(a.CreatePolicyVersion(ctx,
			&iam.CreatePolicyVersionInput{PolicyArn: policy, PolicyDocument: document}))
		done[*iam.SetDefaultPolicyVersionOutput](t)(a.SetDefaultPolicyVersion(ctx,
			&iam.SetDefaultPolicyVersionInput{PolicyArn: policy,
				VersionId: made.PolicyVersion.VersionId}))
	}
	made := done[*iam.CreateRoleOutput](t)(a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: r,
		Path: aws.String("/"), AssumeRolePolicyDocument: trust, MaxSessionDuration: aws.Int32(3600)}))
	got := done[*iam.GetRoleOutput](t)(a.GetRole(ctx, &iam.GetRoleInput{RoleName: r})).Role
	if *got.Arn != *made.Role.Arn || got.CreateDate == nil || *got.MaxSessionDuration != 3600 {
		t.Errorf("the role is %+v", got)
	}
	decodes(t, got.AssumeRolePolicyDocument, trust)
	done[*iam.AttachRolePolicyOutput](t)(a.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{
		RoleName: r, PolicyArn: policy}))
	entities := done[*iam.ListEntitiesForPolicyOutput](t)(a.ListEntitiesForPolicy(ctx,
		&iam.ListEntitiesForPolicyInput{PolicyArn: policy}))
	if len(entities.PolicyRoles) != 1 {
		t.Errorf("the policy is attached to %v", entities.PolicyRoles)
	}
	done[*iam.PutRolePolicyOutput](t)(a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: r,
		PolicyName: aws.String("inline"), PolicyDocument: document}))
	inline := done[*iam.GetRolePolicyOutput](t)(a.GetRolePolicy(ctx, &iam.GetRolePolicyInput{
		RoleName: r, PolicyName: aws.String("inline")}))
	decodes(t, inline.PolicyDocument, document)
	done[*iam.UpdateAssumeRolePolicyOutput](t)(a.UpdateAssumeRolePolicy(ctx,
		&iam.UpdateAssumeRolePolicyInput{RoleName: r, PolicyDocument: trust}))
	done[*iam.UpdateRoleDescriptionOutput](t)(a.UpdateRoleDescription(ctx,
		&iam.UpdateRoleDescriptionInput{RoleName: r, Description: aws.String("by terraform")}))
	done[*iam.UpdateRoleOutput](t)(a.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: r,
		MaxSessionDuration: aws.Int32(7200)}))
	done[*iam.PutRolePermissionsBoundaryOutput](t)(a.PutRolePermissionsBoundary(ctx,
		&iam.PutRolePermissionsBoundaryInput{RoleName: r, PermissionsBoundary: policy}))
	done[*iam.DeleteRolePermissionsBoundaryOutput](t)(a.DeleteRolePermissionsBoundary(ctx,
		&iam.DeleteRolePermissionsBoundaryInput{RoleName: r}))

	instances := done[*iam.ListInstanceProfilesForRoleOutput](t)(a.ListInstanceProfilesForRole(ctx,
		&iam.ListInstanceProfilesForRoleInput{RoleName: r}))
	if len(instances.InstanceProfiles) != 0 {
		t.Errorf("instance profiles: %v", instances.InstanceProfiles)
	}
	for _, p := range done[*iam.ListAttachedRolePoliciesOutput](t)(a.ListAttachedRolePolicies(ctx,
		&iam.ListAttachedRolePoliciesInput{RoleName: r})).AttachedPolicies {
		done[*iam.DetachRolePolicyOutput](t)(a.DetachRolePolicy(ctx,
			&iam.DetachRolePolicyInput{RoleName: r, PolicyArn: p.PolicyArn}))
	}
	for _, p := range done[*iam.ListRolePoliciesOutput](t)(a.ListRolePolicies(ctx,
		&iam.ListRolePoliciesInput{RoleName: r})).PolicyNames {
		done[*iam.DeleteRolePolicyOutput](t)(a.DeleteRolePolicy(ctx,
			&iam.DeleteRolePolicyInput{RoleName: r, PolicyName: &p}))
	}
	done[*iam.DeleteRoleOutput](t)(a.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: r}))
	noSuch[*iam.GetRoleOutput](t)(a.GetRole(ctx, &iam.GetRoleInput{RoleName: r}))
	for _, v := range done[*iam.ListPolicyVersionsOutput](t)(a.ListPolicyVersions(ctx,
		&iam.ListPolicyVersionsInput{PolicyArn: policy})).Versions {
		if !v.IsDefaultVersion {
			done[*iam.DeletePolicyVersionOutput](t)(a.DeletePolicyVersion(ctx,
				&iam.DeletePolicyVersionInput{PolicyArn: policy, VersionId: v.VersionId}))
		}
	}
	done[*iam.DeletePolicyOutput](t)(a.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: policy}))
	noSuch[*iam.GetPolicyOutput](t)(a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: policy}))
}

// TestInspector_WholeAccount_IsRead: what tools read that look for violations, user by user and
// role by role, and a report of all.
func TestInspector_WholeAccount_IsRead(t *testing.T) {
	a := newAdministrator(t)
	ctx := t.Context()
	a.role("app", trustedBy(servicetest.Account, ""), permit("kms:List*", "*", ""))
	for _, u := range done[*iam.ListUsersOutput](t)(a.ListUsers(ctx, &iam.ListUsersInput{})).Users {
		done[*iam.ListUserTagsOutput](t)(a.ListUserTags(ctx,
			&iam.ListUserTagsInput{UserName: u.UserName}))
		done[*iam.ListMFADevicesOutput](t)(a.ListMFADevices(ctx,
			&iam.ListMFADevicesInput{UserName: u.UserName}))
		noSuch[*iam.GetLoginProfileOutput](t)(a.GetLoginProfile(ctx,
			&iam.GetLoginProfileInput{UserName: u.UserName}))
		done[*iam.ListAccessKeysOutput](t)(a.ListAccessKeys(ctx,
			&iam.ListAccessKeysInput{UserName: u.UserName}))
	}
	for _, r := range done[*iam.ListRolesOutput](t)(a.ListRoles(ctx, &iam.ListRolesInput{})).Roles {
		done[*iam.ListRoleTagsOutput](t)(a.ListRoleTags(ctx,
			&iam.ListRoleTagsInput{RoleName: r.RoleName}))
	}
	for _, scope := range []types.PolicyScopeType{"Local", "AWS", "All"} {
		done[*iam.ListPoliciesOutput](t)(a.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: scope,
			OnlyAttached: true}))
	}
	done[*iam.ListGroupsOutput](t)(a.ListGroups(ctx, &iam.ListGroupsInput{}))
	done[*iam.ListServerCertificatesOutput](t)(a.ListServerCertificates(ctx,
		&iam.ListServerCertificatesInput{}))
	done[*iam.ListSAMLProvidersOutput](t)(a.ListSAMLProviders(ctx, &iam.ListSAMLProvidersInput{}))
	done[*iam.ListOpenIDConnectProvidersOutput](t)(a.ListOpenIDConnectProviders(ctx,
		&iam.ListOpenIDConnectProvidersInput{}))
	done[*iam.ListVirtualMFADevicesOutput](t)(a.ListVirtualMFADevices(ctx,
		&iam.ListVirtualMFADevicesInput{}))
	done[*iam.ListAccountAliasesOutput](t)(a.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{}))
	noSuch[*iam.GetAccountPasswordPolicyOutput](t)(a.GetAccountPasswordPolicy(ctx,
		&iam.GetAccountPasswordPolicyInput{}))
	done[*iam.GetAccountSummaryOutput](t)(a.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}))
	done[*iam.GenerateCredentialReportOutput](t)(a.GenerateCredentialReport(ctx,
		&iam.GenerateCredentialReportInput{}))
	report := done[*iam.GetCredentialReportOutput](t)(a.GetCredentialReport(ctx,
		&iam.GetCredentialReportInput{}))
	if !strings.HasPrefix(string(report.Content), "user,arn,") {
		t.Errorf("the report is %s", report.Content)
	}
	details := done[*iam.GetAccountAuthorizationDetailsOutput](t)(a.GetAccountAuthorizationDetails(ctx,
		&iam.GetAccountAuthorizationDetailsInput{}))
	if len(details.RoleDetailList) != 1 || len(details.GroupDetailList) != 1 {
		t.Errorf("the details are of %d roles and %d groups", len(details.RoleDetailList),
			len(details.GroupDetailList))
	}
}
