package servicetest_test

import (
	"errors"
	"sync"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// From the making of a grant to its end: an IAM user uses a key within the constraint, passes a
// part of the right on, and loses it; nobody ever gets anything.
func TestGrant_MadeToRetired_AllowsUntilItEnds(t *testing.T) {
	s := servicetest.Start(t)
	root, alice, bob, nobody := s.KMS(), s.KMS(servicetest.As(s.User(t,
		"alice"))), s.KMS(servicetest.As(s.User(t, "bob"))), s.KMS(s.AsNobody())
	key := createKey(t, root).KeyId
	context := map[string]string{"app": "web", "stage": "prod"}
	seal := func(c *kms.Client, context map[string]string, tokens ...string) ([]byte, error) {
		out, err := c.Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: key, Plaintext: []byte("x"), EncryptionContext: context,
				GrantTokens: tokens})
		if err != nil {
			return nil, err
		}
		return out.CiphertextBlob, nil
	}
	open := func(c *kms.Client, blob []byte, context map[string]string) error {
		_, err := c.Decrypt(t.Context(),
			&kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context})
		return err
	}
	_, err := seal(alice, context)
	refused(t, err, "AccessDeniedException", "User: "+servicetest.UserARN("alice")+
		" is not authorized to perform: kms:Encrypt on resource: arn:aws:kms:us-east-1:111122223333:key/"+
		*key+" because no identity-based policy allows the kms:Encrypt action")

	constraint := &types.GrantConstraints{EncryptionContextSubset: map[string]string{"app": "web"}}
	grant := must(root.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(servicetest.UserARN("alice")),
			RetiringPrincipal: aws.String(servicetest.UserARN("bob")), Name: aws.String("web"),
			Operations:  []types.GrantOperation{"Encrypt", "Decrypt", "CreateGrant", "DescribeKey"},
			Constraints: constraint}))(t)
	blob := must(seal(alice, context, *grant.GrantToken))(t)
	accepted(t, open(alice, blob, context))
	must(alice.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key}))(t)
	for name, err := range map[string]error{
		"another context": second(seal(alice, map[string]string{"app": "mail"})),
		"no context":      second(seal(alice, nil)),
		"nobody":          second(seal(nobody, context, *grant.GrantToken)),
		"bob":             second(seal(bob, context)),
		"what is left of a right": second(alice.CreateGrant(t.Context(),
			&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(servicetest.UserARN("bob")),
				Operations: []types.GrantOperation{"Decrypt"}})),
		"the grants of the key": second(alice.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: key})),
	} {
		t.Run(name, func(t *testing.T) { refused(t, err, "AccessDeniedException", "*") })
	}

	child := must(alice.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(servicetest.UserARN("bob")),
			Operations:  []types.GrantOperation{"Decrypt"},
			Constraints: &types.GrantConstraints{EncryptionContextEquals: context}}))(t)
	accepted(t, open(bob, blob, context))
	refused(t, second(seal(bob, context)), "AccessDeniedException", "*")

	all := must(root.ListGrants(t.Context(),
		&kms.ListGrantsInput{KeyId: key,
			GranteePrincipal: aws.String(servicetest.UserARN("alice"))}))(t).Grants
	if len(all) != 1 || *all[0].GrantId != *grant.GrantId || *all[0].Name != "web" ||
		len(all[0].Operations) != 4 ||
		all[0].Constraints.EncryptionContextSubset["app"] != "web" ||
		*all[0].RetiringPrincipal != servicetest.UserARN("bob") ||
		*all[0].IssuingAccount != servicetest.RootARN {
		t.Errorf("%+v", all)
	}
	mine := must(bob.ListRetirableGrants(t.Context(),
		&kms.ListRetirableGrantsInput{RetiringPrincipal: aws.String(servicetest.UserARN("bob"))}))(t)
	if len(mine.Grants) != 1 {
		t.Errorf("bob may retire %+v", mine.Grants)
	}
	refused(t, second(nobody.RetireGrant(t.Context(),
		&kms.RetireGrantInput{GrantToken: grant.GrantToken})), "AccessDeniedException", "*")
	must(bob.RetireGrant(t.Context(), &kms.RetireGrantInput{GrantToken: grant.GrantToken}))(t)
	refused(t, open(alice, blob, context), "AccessDeniedException", "*")
	accepted(t, open(bob, blob, context)) // what was passed on doesn't end with it
	must(root.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: key, GrantId: child.GrantId}))(t)
	refused(t, open(bob, blob, context), "AccessDeniedException", "*")
}

func TestGrant_Restart_StillHolds(t *testing.T) {
	s := servicetest.Start(t)
	root, alice := s.KMS(), s.KMS(servicetest.As(s.User(t, "alice")))
	key := createKey(t, root).KeyId
	grant := must(root.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(servicetest.UserARN("alice")),
			Operations: []types.GrantOperation{"DescribeKey"}}))(t)
	s.Restart(t, nil)
	must(alice.DescribeKey(t.Context(),
		&kms.DescribeKeyInput{KeyId: key, GrantTokens: []string{*grant.GrantToken}}))(t)
	must(root.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: key, GrantId: grant.GrantId}))(t)
	s.Restart(t, nil)
	refused(t, second(alice.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})),
		"AccessDeniedException", "*")
}

// Many clients at once retry what they don't know the outcome of, and use the key all the while.
func TestCreateGrant_SameNameAtOnce_MakesOneGrant(t *testing.T) {
	s := servicetest.Start(t)
	root, alice := s.KMS(), s.KMS(servicetest.As(s.User(t, "alice")))
	key := createKey(t, root).KeyId
	var mu sync.Mutex
	ids, tokens := map[string]bool{}, map[string]bool{}
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			out, err := root.CreateGrant(t.Context(),
				&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(servicetest.UserARN("alice")),
					Operations: []types.GrantOperation{"Encrypt"}, Name: aws.String("n")})
			if err != nil {
				t.Error(err)
				return
			}
			_, err = alice.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key,
				Plaintext: []byte("x"), GrantTokens: []string{*out.GrantToken}})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[*out.GrantId], tokens[*out.GrantToken] = true, true
		})
	}
	wg.Wait()
	if len(ids) != 1 || len(tokens) != 12 {
		t.Errorf("%d grants, %d tokens", len(ids), len(tokens))
	}
}

func TestGrant_Errors_AreAWSsTypes(t *testing.T) {
	s := servicetest.Start(t)
	k := s.KMS()
	key := createKey(t, k).KeyId
	_, err := k.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String("me"),
			Operations: []types.GrantOperation{"Decrypt"}})
	if e := (*types.InvalidArnException)(nil); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
	_, err = k.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: key, GrantId: aws.String("x")})
	if e := (*types.InvalidGrantIdException)(nil); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
	_, err = k.RetireGrant(t.Context(), &kms.RetireGrantInput{GrantToken: aws.String("x")})
	if e := (*types.InvalidGrantTokenException)(nil); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
	_, err = k.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(servicetest.RootARN),
			Operations: []types.GrantOperation{"Sign"}})
	refused(t, err, "ValidationError", "*")
	_, err = k.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String(servicetest.RootARN),
			Operations: []types.GrantOperation{"Decrypt"}, DryRun: aws.Bool(true)})
	if e := (*types.DryRunOperationException)(nil); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
}
