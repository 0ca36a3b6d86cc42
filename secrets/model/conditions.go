package model

import "claviger/internal/domain"

// Condition keys, as far as they are given their values in more than one place.
const (
	SecretID     = "secretsmanager:SecretId"
	Name         = "secretsmanager:Name"
	Description  = "secretsmanager:Description"
	KMSKeyARN    = "secretsmanager:KmsKeyArn"
	KMSKeyID     = "secretsmanager:KmsKeyId"
	VersionID    = "secretsmanager:VersionId"
	VersionStage = "secretsmanager:VersionStage"
	Overwrite    = "secretsmanager:ForceOverwriteReplicaSecret"
	Window       = "secretsmanager:RecoveryWindowInDays"
	Force        = "secretsmanager:ForceDeleteWithoutRecovery"
	BlockPublic  = "secretsmanager:BlockPublicPolicy"
)

// ConditionKeys are the condition keys that an action has beside [SecretID], the tags of the secret
// and those of every request ("Actions, resources, and condition keys for AWS Secrets Manager" of
// the Service Authorization Reference). One that ends in a slash has a name behind it. Those of
// rotation, of copies in other Regions and of third parties' secrets are left out: there are none
// here.
var ConditionKeys = map[string][]string{
	"CreateSecret": {Name, Description, KMSKeyARN, KMSKeyID, Overwrite, domain.RequestTag,
		domain.TagKeys},
	"DeleteSecret":             {Window, Force},
	"GetSecretValue":           {VersionID, VersionStage},
	"PutResourcePolicy":        {BlockPublic},
	"TagResource":              {domain.RequestTag, domain.TagKeys},
	"UntagResource":            {domain.TagKeys},
	"UpdateSecret":             {Description, KMSKeyARN, KMSKeyID},
	"UpdateSecretVersionStage": {VersionStage},
}
