package secret

import (
	"cmp"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
)

// Service is the service's name in ARNs and IAM actions, and how KMS knows who asks.
const Service = "secretsmanager"

// ManagedAlias names the AWS managed key, which a secret has if nobody names another.
const ManagedAlias = "alias/aws/secretsmanager"

// KMSARN is the ARN of a KMS key or alias in the secret's own account and Region.
func (r Ref) KMSARN(resource string) string {
	a := domain.ARN{Service: "kms", Region: r.Region, Account: r.Account, Resource: resource}
	return a.String()
}

// KeepKey has the secret keep a KmsKeyId: nothing for the managed key, however that is spelled.
func (s *Secret) KeepKey(id string) {
	s.KeyID = id
	if id == ManagedAlias || id == s.Ref().KMSARN(ManagedAlias) {
		s.KeyID = ""
	}
}

// KeyFor is what the caller has to call the secret's KMS key. A key that was named without an
// account is one of the secret's own account, and KMS looks for it in the caller's.
func (s *Secret) KeyFor(c *op.Call) string {
	if s.Account == c.Caller.Account || strings.HasPrefix(s.KeyID, "arn:") {
		return s.KeyID
	}
	resource := cmp.Or(s.KeyID, ManagedAlias)
	if !strings.HasPrefix(resource, "alias/") {
		resource = "key/" + resource
	}
	return s.Ref().KMSARN(resource)
}

// EncryptionContext binds a value to its secret and version. Its members are those that AWS
// documents ("Secret encryption and decryption in AWS Secrets Manager").
func EncryptionContext(s *Secret, id string) map[string]string {
	return map[string]string{"SecretARN": s.ARN(), "SecretVersionId": id}
}
