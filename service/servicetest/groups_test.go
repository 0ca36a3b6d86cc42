package servicetest_test

import (
	"strconv"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// group makes a group whose members may do an action.
func group(t testing.TB, s *servicetest.Server, name, action string, members ...string) {
	t.Helper()
	c := s.IAM()
	must(c.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: &name}))(t)
	must(c.PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{GroupName: &name,
		PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action +
				`","Resource":"*"}}`)}))(t)
	for _, member := range members {
		must(c.AddUserToGroup(t.Context(),
			&iam.AddUserToGroupInput{GroupName: &name, UserName: &member}))(t)
	}
}

// TestGroup_Member_MayUntilHeIsRemoved: from the next request on, and whatever the group is called.
func TestGroup_Member_MayUntilHeIsRemoved(t *testing.T) {
	s := servicetest.Start(t)
	c, alice := s.IAM(), s.KMS(servicetest.As(s.User(t, "alice")))
	ask := func() error { return second(alice.ListKeys(t.Context(), &kms.ListKeysInput{})) }
	group(t, s, "readers", "kms:ListKeys")
	in := iam.AddUserToGroupInput{GroupName: aws.String("readers"), UserName: aws.String("alice")}
	out := iam.RemoveUserFromGroupInput{GroupName: aws.String("people"),
		UserName: aws.String("alice")}
	refused(t, ask(), "AccessDeniedException", "*")
	for range 2 { // twice is once
		must(c.AddUserToGroup(t.Context(), &in))(t)
		accepted(t, ask())
	}
	must(c.UpdateGroup(t.Context(), &iam.UpdateGroupInput{GroupName: aws.String("Readers"),
		NewGroupName: aws.String("people"), NewPath: aws.String("/p/")}))(t)
	accepted(t, ask())
	whose := must(c.ListGroupsForUser(t.Context(),
		&iam.ListGroupsForUserInput{UserName: aws.String("alice")}))(t).Groups
	if len(whose) != 1 || *whose[0].Arn != "arn:aws:iam::"+servicetest.Account+":group/p/people" {
		t.Errorf("alice is a member of %+v", whose)
	}
	for range 2 {
		must(c.RemoveUserFromGroup(t.Context(), &out))(t)
		refused(t, ask(), "AccessDeniedException", "*")
	}
}

// TestGroup_Members_AreListedInPages, and no group of before comes back with its name.
func TestGroup_Members_AreListedInPages(t *testing.T) {
	s := servicetest.Start(t)
	c := s.IAM()
	group(t, s, "g", "kms:ListKeys")
	for _, name := range []string{"c", "a", "d", "b"} {
		must(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))(t)
		must(c.AddUserToGroup(t.Context(),
			&iam.AddUserToGroupInput{GroupName: aws.String("g"), UserName: &name}))(t)
	}
	names := ""
	pages := iam.NewGetGroupPaginator(c, &iam.GetGroupInput{GroupName: aws.String("g"),
		MaxItems: aws.Int32(3)})
	for pages.HasMorePages() {
		page := must(pages.NextPage(t.Context()))(t)
		for _, u := range page.Users {
			names += *u.UserName
		}
		names += "."
	}
	if names != "abc.d." {
		t.Errorf("listed as %q", names)
	}
	name := aws.String("g")
	refused(t, second(c.DeleteGroup(t.Context(), &iam.DeleteGroupInput{GroupName: name})),
		"DeleteConflict", "Cannot delete entity, must remove users from group first.")
	for _, user := range []string{"a", "b", "c", "d"} {
		must(c.RemoveUserFromGroup(t.Context(),
			&iam.RemoveUserFromGroupInput{GroupName: name, UserName: &user}))(t)
	}
	refused(t, second(c.DeleteGroup(t.Context(), &iam.DeleteGroupInput{GroupName: name})),
		"DeleteConflict", "Cannot delete entity, must delete policies first.")
	must(c.DeleteGroupPolicy(t.Context(),
		&iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: aws.String("p")}))(t)
	must(c.DeleteGroup(t.Context(), &iam.DeleteGroupInput{GroupName: name}))(t)
	again := must(c.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: name}))(t).Group
	if got := must(c.GetGroup(t.Context(), &iam.GetGroupInput{GroupName: name}))(t); len(
		got.Users) != 0 || *got.Group.GroupId != *again.GroupId {
		t.Errorf("made again: %+v", got)
	}
}

// TestGroup_NamesAndQuotas_AreHeldTo, in IAM's words.
func TestGroup_NamesAndQuotas_AreHeldTo(t *testing.T) {
	s := servicetest.Start(t)
	c := s.IAM()
	must(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("u")}))(t)
	add := func(group, user string) error {
		return second(c.AddUserToGroup(t.Context(),
			&iam.AddUserToGroupInput{GroupName: &group, UserName: &user}))
	}
	for i := range 11 {
		name := "g" + strconv.Itoa(i)
		must(c.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: &name}))(t)
		if i < 10 {
			accepted(t, add(name, "u"))
		}
	}
	refused(t, add("g10", "u"), "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
	refused(t, add("g10", "nemo"), "NoSuchEntity", "The user with name nemo cannot be found.")
	refused(t, add("none", "u"), "NoSuchEntity", "The group with name none cannot be found.")
	refused(t, second(c.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: aws.String("G1")})),
		"EntityAlreadyExists", "Group with name G1 already exists.")
	refused(t, second(c.UpdateGroup(t.Context(), &iam.UpdateGroupInput{GroupName: aws.String("g1"),
		NewGroupName: aws.String("G2")})), "EntityAlreadyExists", "Group with name G2 already exists.")
	refused(t, second(c.RemoveUserFromGroup(t.Context(), &iam.RemoveUserFromGroupInput{
		GroupName: aws.String("g1"), UserName: aws.String("nemo")})), "NoSuchEntity",
		"The user with name nemo cannot be found.")
}
