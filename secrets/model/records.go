package model

import "claviger/internal/op"

// records is how CloudTrail writes down what is done with Secrets Manager ("Log AWS Secrets Manager
// events with AWS CloudTrail" of its user guide): without resources, and of an answer the ARN,
// which it has called arn since February 2024.
var records = op.Records{
	Dates: "Jan 2, 2006, 3:04:05 PM",
	Operations: map[string]op.Recorded{
		"CreateSecret":             {Answer: "ARN"},
		"DescribeSecret":           {},
		"ListSecrets":              {},
		"UpdateSecret":             recordedChange,
		"DeleteSecret":             {Answer: "Name DeletionDate", ARNAs: "arn"},
		"RestoreSecret":            recordedChange,
		"GetSecretValue":           {},
		"BatchGetSecretValue":      {},
		"PutSecretValue":           recordedChange,
		"ListSecretVersionIds":     {},
		"UpdateSecretVersionStage": recordedChange,
		"TagResource":              recordedChange,
		"UntagResource":            recordedChange,
		"GetResourcePolicy":        {},
		"PutResourcePolicy":        recordedChange,
		"DeleteResourcePolicy":     recordedChange,
		"ValidateResourcePolicy":   {},
		"GetRandomPassword":        {},
		"RotateSecret":             recordedChange,
		"CancelRotateSecret":       recordedChange,

		"ReplicateSecretToRegions":     recordedChange,
		"RemoveRegionsFromReplication": recordedChange,
		"StopReplicationToReplica":     recordedChange,

		"CreateManagedSecret": {Answer: "ARN"}, // which AWS has not
	},
}

var recordedChange = op.Recorded{ARNAs: "arn"}
