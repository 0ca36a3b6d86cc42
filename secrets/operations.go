package secrets

import "claviger/internal/op"

// SecretsManager is the service as AWS names it.
var SecretsManager = &op.Service{
	Name: "secretsmanager", Title: "AWS Secrets Manager", Target: "secretsmanager", Version: "2017-10-17", Message: "Message",
	Internal: "InternalServiceError", Down: "InternalServiceError", NoStore: true, Shapes: shapes,
}

// Operations is the table of contents.
func (s *Secrets) Operations() []op.Operation {
	return []op.Operation{
		op.Write(post("CreateSecret", "/v1/secrets", "Makes a secret, with a first value or without."), s.findCreate, s.createSecret),
		readSecret(s, get("DescribeSecret", "/v1/secrets/metadata/{SecretId...}", "Returns what is known of a secret, its value left out."), s.describeSecret),
		op.Read(get("ListSecrets", "/v1/secrets", "Lists the secrets of the account in this Region."), s.findList, s.listSecrets),
		changeSecret(s, patch("UpdateSecret", "/v1/secrets/metadata/{SecretId...}", "Changes a secret's description, KMS key or value."), s.updateSecret),
		op.Write(del("DeleteSecret", "/v1/secrets/metadata/{SecretId...}", "Starts the window after which a secret is gone, or removes it at once."), s.findDelete, s.deleteSecret),
		changeSecret(s, post("RestoreSecret", "/v1/secrets/restore/{SecretId...}", "Takes a secret back from deletion."), s.restoreSecret),

		s.get,
		op.Read(post("BatchGetSecretValue", "/v1/secrets/batch", "Returns the current values of up to 20 secrets."), s.findBatch, s.batchGetSecretValue),
		changeSecret(s, put("PutSecretValue", "/v1/secrets/value/{SecretId...}", "Gives a secret a new version."), s.putSecretValue),
		readSecret(s, get("ListSecretVersionIds", "/v1/secrets/versions/{SecretId...}", "Lists the versions of a secret."), s.listSecretVersionIds),
		changeSecret(s, patch("UpdateSecretVersionStage", "/v1/secrets/stages/{SecretId...}", "Moves a staging label to another version, or takes it away."), s.updateSecretVersionStage),

		changeSecret(s, post("TagResource", "/v1/secrets/tags/{SecretId...}", "Adds tags to a secret or overwrites them."), s.tagResource),
		changeSecret(s, del("UntagResource", "/v1/secrets/tags/{SecretId...}", "Removes tags from a secret."), s.untagResource),

		op.Read(post("GetRandomPassword", "/v1/random-password", "Makes a password from the token's random numbers."), s.findPassword, s.getRandomPassword),
	}
}

// servesMarked names the operations that a secret in its recovery window still answers. All others refuse.
var servesMarked = map[string]bool{"DescribeSecret": true, "ListSecretVersionIds": true, "RestoreSecret": true}

func get(name, path, doc string) op.Info   { return route(name, "GET", path, doc) }
func post(name, path, doc string) op.Info  { return route(name, "POST", path, doc) }
func put(name, path, doc string) op.Info   { return route(name, "PUT", path, doc) }
func patch(name, path, doc string) op.Info { return route(name, "PATCH", path, doc) }
func del(name, path, doc string) op.Info   { return route(name, "DELETE", path, doc) }

// own is an operation without a route: nothing outside the process can name it.
func own(name string) op.Info { return op.Info{Name: name, Service: SecretsManager} }

func route(name, method, path, doc string) op.Info {
	return op.Info{Name: name, Service: SecretsManager, Method: method, Path: path, Doc: doc}
}
