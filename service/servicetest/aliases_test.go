package servicetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/keystore/key"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func TestAlias_CreatedMovedDeleted_NamesItsKey(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	one, two := createKey(t, c), createKey(t, c)
	create := func(name string, id *string) error {
		_, err := c.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: id})
		return err
	}
	accepted(t, create("alias/a/b-c_D9", one.KeyId))
	refused(t, create("alias/a/b-c_D9", one.KeyId), "AlreadyExistsException", "*")
	refused(t, create("alias/a/b-c_D9", two.KeyId), "AlreadyExistsException",
		"An alias with the name "+aliasARN("alias/a/b-c_D9")+" already exists")
	prefix := `Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`
	for _, x := range []struct{ name, code, message string }{
		{"app", "ValidationException", prefix},
		{"Alias/app", "ValidationException", prefix},
		{"alias/", "InvalidAliasNameException", "*"},
		{"alias/a:b", "ValidationException", "alias/a:b contains invalid characters for an alias"},
		{"alias/aws/mine", "NotAuthorizedException", "*"},
		{"alias/ümlaut", "ValidationException",
			"1 validation error detected: Value 'alias/ümlaut' at 'aliasName' failed to satisfy " +
				"constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"},
		{"alias/" + strings.Repeat("a", 251), "ValidationException", "*"},
	} {
		t.Run(fmt.Sprintf("name %.20s", x.name), func(t *testing.T) {
			refused(t, create(x.name, one.KeyId), x.code, x.message)
			_, err := c.UpdateAlias(t.Context(),
				&kms.UpdateAliasInput{AliasName: &x.name, TargetKeyId: one.KeyId})
			refused(t, err, x.code, x.message)
			_, err = c.DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: &x.name})
			refused(t, err, x.code, x.message)
		})
	}
	accepted(t, create("alias/"+strings.Repeat("a", 250), one.KeyId))
	refused(t, create("alias/new", aws.String(noKey)), "NotFoundException", "Key '"+keyARN(noKey)+
		"' does not exist")

	blob := encrypt(t, c, aws.String("alias/a/b-c_D9"), "x", nil)
	must(c.UpdateAlias(t.Context(),
		&kms.UpdateAliasInput{AliasName: aws.String("alias/a/b-c_D9"), TargetKeyId: two.KeyId}))(t)
	if m := describe(t, c, aws.String("alias/a/b-c_D9")); *m.KeyId != *two.KeyId {
		t.Error("the alias did not move")
	}
	must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t)
	_, err := c.Decrypt(t.Context(),
		&kms.DecryptInput{CiphertextBlob: blob, KeyId: aws.String("alias/a/b-c_D9")})
	refused(t, err, "IncorrectKeyException", "*")
	list := must(c.ListAliases(t.Context(), &kms.ListAliasesInput{KeyId: two.KeyId}))(t).Aliases
	if len(list) != 1 || *list[0].AliasName != "alias/a/b-c_D9" ||
		*list[0].AliasArn != aliasARN("alias/a/b-c_D9") || *list[0].TargetKeyId != *two.KeyId ||
		list[0].LastUpdatedDate.Before(*list[0].CreationDate) {
		t.Errorf("ListAliases answered %+v", list)
	}
	must(c.DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: aws.String("alias/a/b-c_D9")}))(t)
	for name, err := range map[string]error{
		"DeleteAlias": second(c.DeleteAlias(t.Context(),
			&kms.DeleteAliasInput{AliasName: aws.String("alias/a/b-c_D9")})),
		"UpdateAlias": second(c.UpdateAlias(t.Context(),
			&kms.UpdateAliasInput{AliasName: aws.String("alias/a/b-c_D9"), TargetKeyId: one.KeyId})),
		"DescribeKey": second(c.DescribeKey(t.Context(),
			&kms.DescribeKeyInput{KeyId: aws.String("alias/a/b-c_D9")})),
	} {
		t.Run(name+" of none", func(t *testing.T) {
			refused(t, err, "NotFoundException", "Alias "+aliasARN("alias/a/b-c_D9")+" is not found.")
		})
	}

	many := createKey(t, c)
	for i := range 50 {
		accepted(t, create(fmt.Sprintf("alias/many/%02d", i), many.KeyId))
	}
	refused(t, create("alias/many/50", many.KeyId), "LimitExceededException", "*")
	accepted(t, create("alias/many/50", one.KeyId))
	_, err = c.UpdateAlias(t.Context(),
		&kms.UpdateAliasInput{AliasName: aws.String("alias/many/50"), TargetKeyId: many.KeyId})
	refused(t, err, "LimitExceededException", "*")
}

// TestListAliases_AliasOfAService_IsThereBeforeItsKey: a service's alias is listed before it has a
// key, since clients look for it there (Terraform's aws_kms_alias does) and then ask DescribeKey,
// which makes the key.
func TestListAliases_AliasOfAService_IsThereBeforeItsKey(t *testing.T) {
	s := servicetest.Start(t)
	c, name := s.KMS(), aws.String("alias/aws/secretsmanager")
	createAlias(t, c, "alias/zebra", createKey(t, c).KeyId)
	listed := func() types.AliasListEntry {
		t.Helper()
		list := must(c.ListAliases(t.Context(), &kms.ListAliasesInput{}))(t).Aliases
		i := slices.IndexFunc(list, func(a types.AliasListEntry) bool { return *a.AliasName == *name })
		if len(list) != len(key.Managers())+1 || i < 0 || *list[i].AliasArn != aliasARN(*name) {
			t.Fatalf("listed %+v", list)
		}
		return list[i]
	}
	if a := listed(); a.TargetKeyId != nil || a.CreationDate != nil || a.LastUpdatedDate != nil {
		t.Errorf("before there is a key: %+v", a)
	}
	id := describe(t, c, name).KeyId
	if a := listed(); a.TargetKeyId == nil || *a.TargetKeyId != *id || a.CreationDate == nil ||
		a.LastUpdatedDate == nil {
		t.Errorf("once there is a key: %+v", a)
	}
	list := must(c.ListAliases(t.Context(), &kms.ListAliasesInput{KeyId: id}))(t).Aliases
	if len(list) != 1 {
		t.Errorf("of the key: %+v", list)
	}
}
