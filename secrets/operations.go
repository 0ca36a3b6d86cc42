package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

// SecretsManager is what the operations of this domain belong to.
var SecretsManager = &op.Service{
	Name:     service,
	Title:    "AWS Secrets Manager",
	Target:   "secretsmanager",
	Version:  "2017-10-17",
	Message:  "Message",
	Internal: "InternalServiceError",
	Down:     "InternalServiceError",
	NoStore:  true,
	Shapes:   shapes,
}

var routes = domain.Routes{Service: SecretsManager}

// build makes the operations that others of ours ask for or have done, and those that only the
// service itself performs.
func (s *Secrets) build() {
	s.getValue = readSecret(s, routes.Get("GetSecretValue", "/v1/secrets/value/{SecretId...}",
		"Returns the value of one version of a secret."), s.getSecretValue)
	s.endRecovery = op.Write(routes.Internal("DeleteSecret"), s.findExpired, s.deleteExpired)
}

// Operations is the table of contents.
func (s *Secrets) Operations() []op.Operation {
	return []op.Operation{
		op.Write(routes.Post("CreateSecret", "/v1/secrets",
			"Makes a secret, with a first value or without."),
			s.findCreate, s.createSecret),
		readSecret(s, routes.Get("DescribeSecret", "/v1/secrets/metadata/{SecretId...}",
			"Returns what is known of a secret, its value left out."),
			s.describeSecret),
		op.Read(routes.Get("ListSecrets", "/v1/secrets",
			"Lists the secrets of the account in this Region."),
			s.findList, s.listSecrets),
		changeSecret(s, routes.Patch("UpdateSecret", "/v1/secrets/metadata/{SecretId...}",
			"Changes a secret's description, KMS key or value."),
			s.updateSecret),
		op.Write(routes.Delete("DeleteSecret", "/v1/secrets/metadata/{SecretId...}",
			"Starts the window after which a secret is gone, or removes it at once."),
			s.findDelete, s.deleteSecret),
		changeSecret(s, routes.Post("RestoreSecret", "/v1/secrets/restore/{SecretId...}",
			"Takes a secret back from deletion."),
			s.restoreSecret),

		s.getValue,
		op.Read(routes.Post("BatchGetSecretValue", "/v1/secrets/batch",
			"Returns the current values of up to 20 secrets."),
			s.findBatch, s.batchGetSecretValue),
		changeSecret(s, routes.Put("PutSecretValue", "/v1/secrets/value/{SecretId...}",
			"Gives a secret a new version."),
			s.putSecretValue),
		readSecret(s, routes.Get("ListSecretVersionIds", "/v1/secrets/versions/{SecretId...}",
			"Lists the versions of a secret."),
			s.listSecretVersionIds),
		changeSecret(s, routes.Patch("UpdateSecretVersionStage", "/v1/secrets/stages/{SecretId...}",
			"Moves a staging label to another version, or takes it away."),
			s.updateSecretVersionStage),

		changeSecret(s, routes.Post("TagResource", "/v1/secrets/tags/{SecretId...}",
			"Adds tags to a secret or overwrites them."),
			s.tagResource),
		changeSecret(s, routes.Delete("UntagResource", "/v1/secrets/tags/{SecretId...}",
			"Removes tags from a secret."),
			s.untagResource),

		readSecret(s, routes.Get("GetResourcePolicy", "/v1/secrets/policy/{SecretId...}",
			"Returns a secret's resource policy. There is none here."),
			s.getResourcePolicy),
		changeSecret(s, routes.Delete("DeleteResourcePolicy", "/v1/secrets/policy/{SecretId...}",
			"Removes a secret's resource policy. There is none here."),
			s.deleteResourcePolicy),

		op.Read(routes.Post("GetRandomPassword", "/v1/random-password",
			"Makes a password from the token's random numbers."),
			s.findPassword, s.getRandomPassword),
	}
}

// servedUntilDeleted names the operations that a secret scheduled for deletion still answers. All
// others refuse.
var servedUntilDeleted = map[string]bool{
	"DescribeSecret": true, "ListSecretVersionIds": true, "RestoreSecret": true,
}
