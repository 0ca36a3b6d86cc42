package secrets

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"
)

// CreateManagedSecretInput describes credentials that are there and that the service takes over: it
// rotates them at once, and by a schedule from then on. RotationLambdaARN names a built-in rotator;
// without RotationRules it is every seven days, as AWS has it where it manages a secret. The value
// has the members of AWS's database secrets. ClientRequestToken names the first version.
type CreateManagedSecretInput struct {
	Name               string                `shape:"NameType,required"`
	ClientRequestToken *string               `shape:"ClientRequestTokenType,idempotencyToken"`
	Description        *string               `shape:"DescriptionType"`
	KmsKeyId           *string               `shape:"KmsKeyIdType"`
	Tags               []secret.Tag          `shape:"TagListType"`
	RotationLambdaARN  string                `shape:"RotationLambdaARNType,required"`
	RotationRules      *secret.RotationRules `shape:"RotationRulesType"`

	Engine       string  `shape:"ConnectionTextType,required"`
	Host         string  `shape:"ConnectionTextType,required"`
	Port         *int64  `shape:"PortType"`
	DbName       *string `shape:"ConnectionTextType"`
	Username     string  `shape:"ConnectionTextType,required"`
	Password     string  `shape:"ManagedPasswordType,required"` // the one that is in force
	SuperuserArn *string `shape:"ConnectionTextType"`
}

// Validate checks what shapes can't.
func (in CreateManagedSecretInput) Validate() error {
	if err := in.creates().Validate(); err != nil {
		return err
	}
	if in.RotationRules == nil {
		return nil
	}
	if _, err := in.RotationRules.Schedule(); err != nil {
		return smfault.InvalidParameter(err.Error())
	}
	return nil
}

// Conditions implements [domain.Conditional].
func (in CreateManagedSecretInput) Conditions(v policy.Values) {
	in.creates().Conditions(v)
	domain.SetText(v, model.RotationLambdaARN, &in.RotationLambdaARN)
}

// KMSKeyID implements [target.Keyed].
func (in CreateManagedSecretInput) KMSKeyID() *string { return in.KmsKeyId }

// creates is the request without the rotation.
func (in CreateManagedSecretInput) creates() CreateSecretInput {
	value := string(in.value().Bytes())
	return CreateSecretInput{Name: in.Name, ClientRequestToken: in.ClientRequestToken,
		Description: in.Description, KmsKeyId: in.KmsKeyId, Tags: in.Tags, SecretString: &value}
}

// value is the secret's value, its members in the order in which AWS's console writes them.
func (in CreateManagedSecretInput) value() (d rotator.Document) {
	d = d.With("engine", in.Engine).With("host", in.Host)
	if in.Port != nil {
		d = d.With("port", strconv.FormatInt(*in.Port, 10))
	}
	d = d.With("username", in.Username).With("password", in.Password)
	if in.DbName != nil {
		d = d.With("dbname", *in.DbName)
	}
	if in.SuperuserArn != nil {
		d = d.With("masterarn", *in.SuperuserArn)
	}
	return d
}

// managedBy is OwningService of the secrets that this service manages itself.
const managedBy = "claviger"

// usualDays are between two rotations of a managed secret.
const usualDays = 7

// findManaged demands what the two requests would that this one stands for.
func (s *Secrets) findManaged(c *op.Call, in CreateManagedSecretInput) (*creation, error) {
	t, err := s.finder.Find(c, "CreateSecret", in.Name, in, s.rows.WithoutValue)
	if err != nil {
		return nil, err
	}
	return &creation{Target: *t, tags: in.Tags, also: []string{"RotateSecret"}}, nil
}

// createManagedSecret makes the secret and begins its rotation, in one commit.
func (s *Secrets) createManagedSecret(c *op.Call, in CreateManagedSecretInput,
	t *creation) (op.Commit[CreateSecretOutput], error) {
	return s.create(c, in.creates(), t, func(ch *secretrows.Change) (err error) {
		ch.Secret.Owner = managedBy
		rules := in.RotationRules
		if rules == nil {
			days := int64(usualDays)
			rules = &secret.RotationRules{AutomaticallyAfterDays: &days}
		}
		ch.Also, err = s.rotation.Manage(c, ch.Secret, in.RotationLambdaARN, rules)
		return err
	})
}

var _ target.Keyed = CreateManagedSecretInput{}
