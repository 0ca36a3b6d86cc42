package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/uuid"
)

// write has clients of all services write until ctx ends. Each goes from one object to the next,
// and leaves one that it was refused something of: nobody knows what became of that.
func (j *journal) write(ctx context.Context, s *server) {
	var writers sync.WaitGroup
	for _, story := range []func(context.Context, *server){
		j.writeKey, j.writeSecret, j.writeParameter, j.writeUser,
		j.writeKey, j.writeSecret, j.writeParameter, j.writeUser,
	} {
		writers.Go(func() {
			for ctx.Err() == nil {
				story(ctx, s)
			}
		})
	}
	writers.Wait()
}

// holds compares what was found, and keeps an error.
func holds[T comparable](err error, found func() T, want T) error {
	if err != nil {
		return err
	}
	if got := found(); got != want {
		return fmt.Errorf("found %v instead of %v", got, want)
	}
	return nil
}

// stays draws whether something is left there: the account has its quotas, and most must go.
func stays() bool { return rand.IntN(20) == 0 }

// gone expects an error of a name.
func gone(err error, name string) error {
	var e smithy.APIError
	if errors.As(err, &e) && e.ErrorCode() == name {
		return nil
	}
	return fmt.Errorf("it is there, or: %w", err)
}

// writeKey tells the story of a KMS key.
func (j *journal) writeKey(ctx context.Context, s *server) {
	name := j.name("key")
	var id *string
	made, ok := j.ask("kms", "CreateKey "+name, nil, func() (middleware.Metadata, check, error) {
		out, err := s.kms().CreateKey(ctx, &kms.CreateKeyInput{Description: &name})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		id = out.KeyMetadata.KeyId
		return out.ResultMetadata, keyIs(id, name, kmstypes.KeyStateEnabled), nil
	})
	if !ok {
		return
	}
	sealed, ok := j.ask("kms", "Encrypt "+name, nil, func() (middleware.Metadata, check, error) {
		out, err := s.kms().Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte(name)})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		return out.ResultMetadata, func(ctx context.Context, s *server) error {
			found, err := s.kms().Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: out.CiphertextBlob})
			return holds(err, func() string { return string(found.Plaintext) }, name)
		}, nil
	})
	if !ok {
		return
	}
	alias := "alias/" + name
	named, ok := j.ask("kms", "CreateAlias "+name, nil, func() (middleware.Metadata, check, error) {
		out, err := s.kms().CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: id})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		return out.ResultMetadata, keyIs(&alias, name, ""), nil
	})
	if !ok {
		return
	}
	j.ask("kms", "TagResource "+name, nil, func() (middleware.Metadata, check, error) {
		out, err := s.kms().TagResource(ctx, &kms.TagResourceInput{KeyId: id,
			Tags: []kmstypes.Tag{{TagKey: aws.String("name"), TagValue: &name}}})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		return out.ResultMetadata, func(ctx context.Context, s *server) error {
			found, err := s.kms().ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: id})
			return holds(err, func() string {
				text := ""
				for _, tag := range found.Tags {
					text += *tag.TagKey + "=" + *tag.TagValue
				}
				return text
			}, "name="+name)
		}, nil
	})
	j.ask("kms", "DeleteAlias "+name, []*promise{named}, func() (middleware.Metadata, check, error) {
		out, err := s.kms().DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: &alias})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		return out.ResultMetadata, func(ctx context.Context, s *server) error {
			_, err := s.kms().DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
			return gone(err, "NotFoundException")
		}, nil
	})
	j.ask("kms", "DisableKey "+name, []*promise{made, sealed},
		func() (middleware.Metadata, check, error) {
			out, err := s.kms().DisableKey(ctx, &kms.DisableKeyInput{KeyId: id})
			if err != nil {
				return middleware.Metadata{}, nil, err
			}
			return out.ResultMetadata, keyIs(id, name, kmstypes.KeyStateDisabled), nil
		})
}

// keyIs checks a key's description, and its state if one is named.
func keyIs(id *string, description string, state kmstypes.KeyState) check {
	return func(ctx context.Context, s *server) error {
		out, err := s.kms().DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
		return holds(err, func() string {
			text := *out.KeyMetadata.Description
			if state != "" {
				text += " " + string(out.KeyMetadata.KeyState)
			}
			return text
		}, strings.TrimSpace(description+" "+string(state)))
	}
}

// writeSecret tells the story of a secret with four values.
func (j *journal) writeSecret(ctx context.Context, s *server) {
	name := j.name("secret")
	current, ok := j.ask("secretsmanager", "CreateSecret "+name, nil,
		func() (middleware.Metadata, check, error) {
			out, err := s.secrets().CreateSecret(ctx,
				&secretsmanager.CreateSecretInput{Name: &name, SecretString: &name})
			if err != nil {
				return middleware.Metadata{}, nil, err
			}
			return out.ResultMetadata, secretIs(name, nil, name), nil
		})
	if !ok {
		return
	}
	for i := range 3 {
		value, token := fmt.Sprint(name, " value ", i), uuid.NewString()
		put := func() (middleware.Metadata, error) {
			out, err := s.secrets().PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
				SecretId: &name, SecretString: &value, ClientRequestToken: &token})
			if err != nil {
				return middleware.Metadata{}, err
			}
			return out.ResultMetadata, nil
		}
		current, ok = j.ask("secretsmanager", "PutSecretValue "+value, []*promise{current},
			func() (middleware.Metadata, check, error) {
				m, err := put()
				return m, secretIs(name, nil, value), err
			})
		if !ok {
			return
		}
		// Asked again by the same token it changes nothing, and the version stays whatever becomes of
		// the label.
		_, ok = j.ask("secretsmanager", "PutSecretValue again "+value, nil,
			func() (middleware.Metadata, check, error) {
				m, err := put()
				return m, secretIs(name, &token, value), err
			})
		if !ok {
			return
		}
	}
}

// secretIs checks the current value of a secret, or that of a version.
func secretIs(name string, version *string, value string) check {
	return func(ctx context.Context, s *server) error {
		out, err := s.secrets().GetSecretValue(ctx,
			&secretsmanager.GetSecretValueInput{SecretId: &name, VersionId: version})
		return holds(err, func() string { return *out.SecretString }, value)
	}
}

// writeParameter tells the story of a parameter, sealed every other time, that may be deleted in
// the end.
func (j *journal) writeParameter(ctx context.Context, s *server) {
	name := "/torture/" + j.name("parameter")
	kind := ssmtypes.ParameterTypeString
	if j.names.Load()%2 == 0 {
		kind = ssmtypes.ParameterTypeSecureString
	}
	var versions []*promise
	var current *promise
	for i := range 3 {
		value := fmt.Sprint(name, " value ", i)
		p, ok := j.ask("ssm", "PutParameter "+value, []*promise{current},
			func() (middleware.Metadata, check, error) {
				out, err := s.parameters().PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Type: kind,
					Value: &value, Overwrite: aws.Bool(true)})
				if err != nil {
					return middleware.Metadata{}, nil, err
				}
				return out.ResultMetadata, parameterIs(name, value), nil
			})
		if !ok {
			return
		}
		current = p
		versions = append(versions, p)
	}
	labelled, ok := j.ask("ssm", "LabelParameterVersion "+name, nil,
		func() (middleware.Metadata, check, error) {
			out, err := s.parameters().LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{
				Name: &name, Labels: []string{"kept"}, ParameterVersion: aws.Int64(2)})
			if err != nil {
				return middleware.Metadata{}, nil, err
			}
			return out.ResultMetadata, parameterIs(name+":kept", name+" value 1"), nil
		})
	if !ok || stays() {
		return
	}
	versions = append(versions, labelled)
	j.ask("ssm", "DeleteParameter "+name, versions, func() (middleware.Metadata, check, error) {
		out, err := s.parameters().DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		return out.ResultMetadata, func(ctx context.Context, s *server) error {
			_, err := s.parameters().GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
			return gone(err, "ParameterNotFound")
		}, nil
	})
}

func parameterIs(name, value string) check {
	return func(ctx context.Context, s *server) error {
		out, err := s.parameters().GetParameter(ctx,
			&ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		return holds(err, func() string { return *out.Parameter.Value }, value)
	}
}

const userPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":%q,"Effect":"Allow",` +
	`"Action":"kms:Decrypt","Resource":"*"}]}`

// writeUser tells the story of a user of IAM: a policy, another one instead, an access key that is
// made inactive. Most are deleted in the end.
func (j *journal) writeUser(ctx context.Context, s *server) {
	name := j.name("user")
	made, ok := j.ask("iam", "CreateUser "+name, nil, func() (middleware.Metadata, check, error) {
		out, err := s.iam().CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		return out.ResultMetadata, func(ctx context.Context, s *server) error {
			found, err := s.iam().GetUser(ctx, &iam.GetUserInput{UserName: &name})
			return holds(err, func() string { return *found.User.UserId }, *out.User.UserId)
		}, nil
	})
	if !ok {
		return
	}
	var policy *promise
	for _, sid := range []string{"First", "Second"} {
		policy, ok = j.ask("iam", "PutUserPolicy "+name+" "+sid, []*promise{policy},
			func() (middleware.Metadata, check, error) {
				out, err := s.iam().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name,
					PolicyName: aws.String("p"), PolicyDocument: aws.String(fmt.Sprintf(userPolicy, sid))})
				if err != nil {
					return middleware.Metadata{}, nil, err
				}
				return out.ResultMetadata, policyIs(name, sid), nil
			})
		if !ok {
			return
		}
	}
	var id *string
	active, ok := j.ask("iam", "CreateAccessKey "+name, nil,
		func() (middleware.Metadata, check, error) {
			out, err := s.iam().CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
			if err != nil {
				return middleware.Metadata{}, nil, err
			}
			id = out.AccessKey.AccessKeyId
			return out.ResultMetadata, accessKeyIs(name, *id, iamtypes.StatusTypeActive), nil
		})
	if !ok {
		return
	}
	inactive, ok := j.ask("iam", "UpdateAccessKey "+name, []*promise{active},
		func() (middleware.Metadata, check, error) {
			out, err := s.iam().UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &name,
				AccessKeyId: id, Status: iamtypes.StatusTypeInactive})
			if err != nil {
				return middleware.Metadata{}, nil, err
			}
			return out.ResultMetadata, accessKeyIs(name, *id, iamtypes.StatusTypeInactive), nil
		})
	if ok && !stays() {
		j.deleteUser(ctx, s, name, *id, made, policy, inactive)
	}
}

// deleteUser deletes a user with all that it has, which ends those promises.
func (j *journal) deleteUser(ctx context.Context, s *server, name, id string,
	made, policy, key *promise) {
	_, ok := j.ask("iam", "DeleteUserPolicy "+name, []*promise{policy},
		func() (middleware.Metadata, check, error) {
			out, err := s.iam().DeleteUserPolicy(ctx,
				&iam.DeleteUserPolicyInput{UserName: &name, PolicyName: aws.String("p")})
			if err != nil {
				return middleware.Metadata{}, nil, err
			}
			return out.ResultMetadata, func(ctx context.Context, s *server) error {
				_, err := s.iam().GetUserPolicy(ctx,
					&iam.GetUserPolicyInput{UserName: &name, PolicyName: aws.String("p")})
				return gone(err, "NoSuchEntity")
			}, nil
		})
	if !ok {
		return
	}
	_, ok = j.ask("iam", "DeleteAccessKey "+name, []*promise{key},
		func() (middleware.Metadata, check, error) {
			out, err := s.iam().DeleteAccessKey(ctx,
				&iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: &id})
			if err != nil {
				return middleware.Metadata{}, nil, err
			}
			return out.ResultMetadata, func(ctx context.Context, s *server) error {
				_, err := s.iam().UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &name,
					AccessKeyId: &id, Status: iamtypes.StatusTypeInactive})
				return gone(err, "NoSuchEntity")
			}, nil
		})
	if !ok {
		return
	}
	j.ask("iam", "DeleteUser "+name, []*promise{made}, func() (middleware.Metadata, check, error) {
		out, err := s.iam().DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name})
		if err != nil {
			return middleware.Metadata{}, nil, err
		}
		return out.ResultMetadata, func(ctx context.Context, s *server) error {
			_, err := s.iam().GetUser(ctx, &iam.GetUserInput{UserName: &name})
			return gone(err, "NoSuchEntity")
		}, nil
	})
}

// policyIs goes by the statement's id, which both spellings of a document have.
func policyIs(user, sid string) check {
	return func(ctx context.Context, s *server) error {
		out, err := s.iam().GetUserPolicy(ctx,
			&iam.GetUserPolicyInput{UserName: &user, PolicyName: aws.String("p")})
		return holds(err, func() bool { return strings.Contains(*out.PolicyDocument, sid) }, true)
	}
}

func accessKeyIs(user, id string, status iamtypes.StatusType) check {
	return func(ctx context.Context, s *server) error {
		out, err := s.iam().ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user})
		return holds(err, func() string {
			text := ""
			for _, k := range out.AccessKeyMetadata {
				text += *k.AccessKeyId + " " + string(k.Status)
			}
			return text
		}, id+" "+string(status))
	}
}
