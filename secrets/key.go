package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"cmp"
	"strings"
)

// service is the service's name in ARNs and IAM actions, and how KMS knows who asks.
const service = "secretsmanager"

// managedAlias names the AWS managed key, which a secret has if nobody names another.
const managedAlias = "alias/aws/secretsmanager"

// kmsARN is the ARN of a KMS key or alias in the secret's own account and Region.
func (r secretRef) kmsARN(resource string) string {
	a := domain.ARN{Service: "kms", Region: r.region, Account: r.account, Resource: resource}
	return a.String()
}

// keepKey has the secret keep a KmsKeyId: nothing for the managed key, however that is spelled.
func (s *Secret) keepKey(id string) {
	s.KeyID = id
	if id == managedAlias || id == s.ref().kmsARN(managedAlias) {
		s.KeyID = ""
	}
}

// keyFor is what the caller has to call the secret's KMS key. A key that was named without an
// account is one of the secret's own account, and KMS looks for it in the caller's.
func (s *Secret) keyFor(c *op.Call) string {
	if s.Account == c.Caller.Account || strings.HasPrefix(s.KeyID, "arn:") {
		return s.KeyID
	}
	resource := cmp.Or(s.KeyID, managedAlias)
	if !strings.HasPrefix(resource, "alias/") {
		resource = "key/" + resource
	}
	return s.ref().kmsARN(resource)
}

// encryptionContext binds a value to its secret and version. Its members are those that AWS
// documents ("Secret encryption and decryption in AWS Secrets Manager").
func encryptionContext(s *Secret, id string) map[string]string {
	return map[string]string{"SecretARN": s.ARN(), "SecretVersionId": id}
}
