package model

import "claviger/internal/shape"

// members say what each member is for, in a sentence of ours. What a member means in one structure
// and not in all has that one's name before it. The OpenAPI document and the page show them.
var members = shape.Sentences{
	"ARN": "The secret as an ARN, with the six characters that make it one of a " +
		"kind.",
	"AddReplicaRegions": "Regions to keep copies of the secret in.",
	"AutomaticallyAfterDays": "How many days after the last rotation, or value given by hand, the " +
		"next one is.",
	"BlockPublicPolicy": "Refuses a policy that lets everybody use the secret.",
	"CheckName":         "Which check the policy doesn't pass.",
	"ClientRequestToken": "Names the request, so that it can be sent again: it becomes the id of " +
		"the version that it makes.",
	"CreatedDate":  "When it was made.",
	"DeletedDate":  "When the secret was marked for deletion.",
	"DeletionDate": "When the secret is gone for good.",
	"Description":  "A note for people about what the secret is for.",
	"DbName":       "The database that is logged in to; absent: the engine's usual one.",
	"Engine": "What the credentials are for, as AWS's database secrets have it: postgres, mariadb, " +
		"redis.",
	"Host":         "The server, as the rotator's targets name it.",
	"Password":     "The password that is in force, which is rotated at once.",
	"Port":         "The server's port; absent: the engine's usual one.",
	"SuperuserArn": "The secret of the superuser, masterarn of the value.",
	"Username":     "The user whose password is rotated.",
	"Duration": "How long the window is in which the secret is rotated, as 3h; absent: to the end " +
		"of the day, of an hour where the schedule is in hours.",
	"ErrorCode": "The name of the error, as for a request for this secret " +
		"alone.",
	"ErrorMessage":       "What the check found.",
	"Errors":             "The secrets whose values could not be returned, and why.",
	"ExcludeCharacters":  "Characters that the password must not have.",
	"ExcludeLowercase":   "Makes a password without lower-case letters.",
	"ExcludeNumbers":     "Makes a password without digits.",
	"ExcludePunctuation": "Makes a password without punctuation.",
	"ExcludeUppercase":   "Makes a password without upper-case letters.",
	"Filters": "What the secrets must be like that are listed: all filters " +
		"hold.",
	"ForceDeleteWithoutRecovery":  "Deletes the secret at once, with no way back.",
	"ForceOverwriteReplicaSecret": "Writes over a secret of that name in another Region.",
	"IncludeDeprecated":           "Lists versions without a label, too.",
	"IncludePlannedDeletion":      "Lists secrets that are marked for deletion, too.",
	"IncludeSpace":                "Lets the password have blanks.",
	"KmsKeyId": "The KMS key that seals the values; absent: the one that the service " +
		"manages.",
	"ExternalSecretRotationMetadata": "What the rotator of a managed external secret has to know.",
	"ExternalSecretRotationRoleArn": "The role that stands for the rotation of a managed external " +
		"secret: it is kept and shown, and nothing is done as it.",
	"LastRotatedDate":      "When the last rotation ended well.",
	"NextRotationDate":     "The latest moment of the next rotation: the end of its window.",
	"OwningService":        "The service that made the secret and manages it.",
	"PrimaryRegion":        "The Region of the secret that the others are copies of.",
	"RemoveReplicaRegions": "The Regions whose copies are deleted.",
	"ReplicationStatus":    "The Regions with a copy, and how far each is.",
	"RotateImmediately": "false only tries the function, and leaves the rotation to the schedule; " +
		"absent: true.",
	"RotationEnabled": "Whether the secret is rotated by its schedule; absent until rotation is " +
		"turned on for the first time.",
	"RotationLambdaARN": "The rotator, which the configuration of the server declares, as " +
		"arn:aws:lambda:REGION:ACCOUNT:function:NAME.",
	"RotationRules":      "When the secret is rotated.",
	"ScheduleExpression": "When the secret is rotated, as rate(10 days) or cron(0 8 1 * ? *), UTC.",
	"Status":             "InSync, InProgress or Failed.",
	"StatusMessage":      "Why the copy could not be made.",
	"KmsKeyIds":          "The KMS keys that seal the version.",
	"LastAccessedDate":   "The day on which a value was last read.",
	"LastChangedDate":    "When anything of the secret was last changed.",
	"MaxResults":         "How many entries a page has at most.",
	"Message":            "What went wrong, for people.",
	"MoveToVersionId":    "The version that gets the label.",
	"Name":               "The secret's name, unique in account and Region.",
	"NextToken": "Where the next page begins, as the page before has told; absent: there is " +
		"none.",
	"PasswordLength":          "How many characters the password has.",
	"PolicyValidationPassed":  "Whether the policy passes every check.",
	"RandomPassword":          "The password.",
	"RecoveryWindowInDays":    "How many days the secret can still be restored.",
	"Region":                  "The Region to keep a copy in.",
	"RemoveFromVersionId":     "The version that has the label and is to lose it.",
	"RequireEachIncludedType": "Has at least one character of each kind that isn't excluded.",
	"ResourcePolicy":          "The policy on the secret, a JSON document as text.",
	"RotationToken":           "Shows that a rotation of the service is asking.",
	"SecretBinary":            "The value as bytes.",
	"SecretId":                "The secret: its name or its ARN.",
	"SecretIdList":            "The secrets whose values to return, by name or ARN.",
	"SecretList":              "The secrets of this page.",
	"SecretString":            "The value as text.",
	"SecretValues":            "The values that could be returned.",
	"SecretVersionsToStages":  "The labels of each version that has one.",
	"SortBy":                  "What the list is in order of.",
	"SortOrder":               "Whether the order goes up or down.",
	"TagKeys":                 "The keys of the tags to take away.",
	"Tags":                    "Pairs that people and policies tell secrets apart by.",
	"Type":                    "What a managed external secret is of, as a rotator of the configuration has it.",
	"ValidationErrors":        "The checks that the policy doesn't pass.",
	"VersionId":               "A version of the secret, by its id.",
	"VersionIdsToStages":      "The labels of each version that has one.",
	"VersionStage":            "A version of the secret, by one of its labels.",
	"VersionStages":           "The labels of the version.",
	"Versions":                "The versions of this page.",

	"ExternalSecretRotationMetadataItem.Key":   "What it is.",
	"ExternalSecretRotationMetadataItem.Value": "What it is set to.",
	"Filter.Key": "Which attribute of a secret is looked at.",
	"Filter.Values": "What the attribute may begin with; a ! before it turns it " +
		"round.",
	"Tag.Key":                "The tag's key, unique on its secret.",
	"Tag.Value":              "The tag's value, which may be empty.",
	"ReplicaRegion.KmsKeyId": "The KMS key that seals the copy.",
	"BatchGetSecretValueInput.Filters": "Which secrets' values to return, in the place of a " +
		"list.",
	"CreateSecretInput.Name": "What to call the secret: letters, digits and " +
		"/_+=.@-.",
	"UpdateSecretVersionStageInput.VersionStage": "The label that is moved or taken away.",
	"UpdateSecretInput.KmsKeyId": "The KMS key that is to seal the values from now " +
		"on.",
}
