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

	RotationLambdaARN   = "secretsmanager:RotationLambdaARN"
	RotateImmediately   = "secretsmanager:RotateImmediately"
	ModifyRotationRules = "secretsmanager:ModifyRotationRules"
	ExternalRole        = "secretsmanager:ExternalSecretRotationRoleArn"
	AddReplicaRegions   = "secretsmanager:AddReplicaRegions"
	Type                = "secretsmanager:Type"
)

// Condition keys whose values come from the secret, whatever is done with it.
const (
	AllowRotationLambda = "secretsmanager:resource/AllowRotationLambdaArn"
	ResourceType        = "secretsmanager:resource/Type"
	PrimaryRegion       = "secretsmanager:SecretPrimaryRegion"
)

// OfSecret are the keys that each action on a secret has.
var OfSecret = []string{SecretID, AllowRotationLambda, ResourceType, PrimaryRegion}

// ConditionKeys are the condition keys that an action has beside those of [OfSecret], the tags of
// the secret and those of every request ("Actions, resources, and condition keys for AWS Secrets
// Manager" of the Service Authorization Reference). One that ends in a slash has a name behind it.
var ConditionKeys = map[string][]string{
	"CreateSecret": {Name, Description, KMSKeyARN, KMSKeyID, Overwrite, AddReplicaRegions, Type,
		domain.RequestTag, domain.TagKeys},
	"DeleteSecret":      {Window, Force},
	"GetSecretValue":    {VersionID, VersionStage},
	"PutResourcePolicy": {BlockPublic},
	"TagResource":       {domain.RequestTag, domain.TagKeys},
	"UntagResource":     {domain.TagKeys},
	"UpdateSecret":      {Description, KMSKeyARN, KMSKeyID, Type},
	"RotateSecret": {RotationLambdaARN, RotateImmediately, ModifyRotationRules,
		ExternalRole},
	"ReplicateSecretToRegions": {AddReplicaRegions, Overwrite},
	"UpdateSecretVersionStage": {VersionStage},
}
