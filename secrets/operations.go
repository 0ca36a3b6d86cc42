package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/model"
	"claviger/secrets/password"
	"claviger/secrets/target"
)

// routes describes operations, named those on one facet of a secret. Its value and its metadata
// have no facet behind the name: a secret called db/value would be in the way of that of db.
var (
	routes = domain.Routes{Service: model.SecretsManager}
	named  = routes.Of("/v1/secrets", "SecretId")
)

// aSecret is the path of a secret as a resource: what PUT puts there, GET returns.
const aSecret = "/v1/secrets/{SecretId...}"

// build makes the operations that others of ours ask for or have done, and those that only the
// service itself performs.
func (s *Secrets) build() {
	s.getValue = target.ReadWatched(s.finder, routes.Get("GetSecretValue",
		"/v1/secrets/value/{SecretId...}", "Returns the value of one version of a secret.").
		At("GET", aSecret).At("GET", aSecret+"/versions/{VersionId}"),
		s.valueDependsOn, s.getSecretValue)
	s.endRecovery = op.Write(routes.Internal("DeleteSecret"), s.findExpired, s.deleteExpired)
}

// Operations is the table of contents.
func (s *Secrets) Operations() []op.Operation {
	return []op.Operation{
		op.Write(domain.Large(routes.Post("CreateSecret", "/v1/secrets",
			"Makes a secret, with a first value or without.").Makes("/v1/secrets/{Name}")),
			s.findCreate, s.createSecret),
		target.ReadWatched(s.finder, routes.Get("DescribeSecret", "/v1/secrets/metadata/{SecretId...}",
			"Returns what is known of a secret, its value left out."),
			descriptionDependsOn, s.describeSecret),
		op.Read(routes.Get("ListSecrets", "/v1/secrets",
			"Lists the secrets of the account in this Region."),
			s.findList, s.listSecrets),
		target.Change(
			s.finder,
			domain.Large(routes.Patch("UpdateSecret", "/v1/secrets/metadata/{SecretId...}",
				"Changes a secret's description, KMS key or value.").At("PATCH", aSecret)),
			s.updateSecret,
		),
		op.Write(routes.Delete("DeleteSecret", "/v1/secrets/metadata/{SecretId...}",
			"Starts the window after which a secret is gone, or removes it at once.").
			At("DELETE", aSecret),
			s.findDelete, s.deleteSecret),
		target.Change(s.finder, named.Post("RestoreSecret", "restore",
			"Takes a secret back from deletion."),
			s.restoreSecret),

		s.getValue,
		op.Read(routes.Post("BatchGetSecretValue", "/v1/secrets/batch",
			"Returns the current values of up to 20 secrets."),
			s.findBatch, s.batchGetSecretValue),
		target.Change(
			s.finder,
			domain.Large(routes.Put("PutSecretValue", "/v1/secrets/value/{SecretId...}",
				"Gives a secret a new version.").At("PUT", aSecret)),
			s.putSecretValue,
		),
		target.Read(s.finder, named.Get("ListSecretVersionIds", "versions",
			"Lists the versions of a secret."),
			s.listSecretVersionIds),
		target.Change(s.finder, named.Patch("UpdateSecretVersionStage", "stages",
			"Moves a staging label to another version, or takes it away."),
			s.updateSecretVersionStage),

		op.Write(routes.Post("CreateManagedSecret", "/v1/managed-secrets",
			"Takes over credentials of a database: makes a secret of them, and rotates it from now on.").
			Makes("/v1/secrets/{Name}"),
			s.findManaged, s.createManagedSecret),
		s.rotation.Rotate(named.Post("RotateSecret", "rotation",
			"Rotates a secret, at once or by a schedule from now on.")),
		s.rotation.Cancel(named.Delete("CancelRotateSecret", "rotation",
			"Turns the rotation of a secret off.")),

		s.replication.Replicate(named.Post("ReplicateSecretToRegions", "replicas",
			"Keeps copies of a secret in other Regions.")),
		s.replication.Remove(named.Delete("RemoveRegionsFromReplication", "replicas",
			"Deletes copies of a secret in other Regions.")),
		s.replication.Stop(named.Post("StopReplicationToReplica", "promotion",
			"Makes a copy a secret of its own.")),

		target.ChangeTarget(s.finder, named.Post("TagResource", "tags",
			"Adds tags to a secret or overwrites them."),
			s.tagResource),
		target.ChangeTarget(s.finder, named.Delete("UntagResource", "tags",
			"Removes tags from a secret."),
			s.untagResource),

		target.Read(s.finder, routes.Get("GetResourcePolicy", "/v1/secrets/policy/{SecretId...}",
			"Returns a secret's resource policy, if it has one."),
			s.getResourcePolicy),
		target.ChangeTarget(s.finder, domain.Large(routes.Put("PutResourcePolicy",
			"/v1/secrets/policy/{SecretId...}", "Gives a secret a resource policy.")),
			s.putResourcePolicy),
		target.Change(s.finder, routes.Delete("DeleteResourcePolicy", "/v1/secrets/policy/{SecretId...}",
			"Removes a secret's resource policy, if it has one."),
			s.deleteResourcePolicy),
		op.Read(domain.Large(routes.Post("ValidateResourcePolicy", "/v1/secrets/policy-validation",
			"Says whether a policy could be a secret's, and changes nothing.")),
			s.findValidation, s.validateResourcePolicy),

		password.Operation(routes.Post("GetRandomPassword", "/v1/random-password",
			"Makes a password from the token's random numbers."),
			s.random),
	}
}
