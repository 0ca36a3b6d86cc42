// Package starter is a set of rules to begin with: what a site wants to hear of a service that
// keeps its keys, as rules of EventBridge. It is data, and puts nothing anywhere.
package starter

// Rule is a rule of the set.
type Rule struct {
	Name        string
	Description string // for people, at most 512 characters
	Pattern     string // JSON without white space
}

// TargetID is that of the topic at each rule. A second target of one's own keeps another id.
const TargetID = "claviger-alarms"

// LogTargetID is that of the log file at each rule, if there is one.
const LogTargetID = "claviger-alarms-log"

// Rules are the set, in the order in which they are shown. The names stay: who has changed a rule
// of the set finds it by its name.
func Rules() []Rule {
	return []Rule{
		{"claviger-device", "The token, the database or the trail is in trouble, or is well again.",
			ours(`"Device State Change","Database State Change","Trail State Change"`)},
		{"claviger-clock", "The clock is in doubt, so that nothing is deleted because its time has come.",
			ours(`"Clock State Change"`)},
		{"claviger-trail-copies", "A continuous copy of the trail doesn't get on, or does again.",
			ours(`"Trail Copy State Change"`)},
		{"claviger-trail-witnesses", "A place that holds the trail's checkpoints takes none, or says that " +
			"the trail is another one.", ours(`"Trail Witness State Change"`)},
		{"claviger-signatures", "A row of the database is not as the service stored it.",
			ours(`"Signature Mismatch"`)},
		{"claviger-pending-deletion", "A key or a secret that is about to be deleted is still asked for.",
			ours(`"Pending Deletion Use"`)},
		{"claviger-denied", "Requests of one principal are refused again and again.",
			ours(`"Denied Requests"`)},
		{"claviger-opened", "A policy or a grant lets in everybody, or another account.",
			ours(`"Access Opened"`)},
		{"claviger-root", "The root user of an account was at work.", ours(`"Root User Activity"`)},
		{"claviger-keys-going", "A KMS key is to be deleted or was, is disabled, or has lost its imported " +
			"material.", `{"$or":[{"source":["aws.kms"],"detail-type":["KMS CMK Deletion",` +
			`"KMS Imported Key Material Expiration"]},{"source":["aws.kms"],"detail-type":` +
			`["AWS API Call via CloudTrail"],"detail":{"eventName":["ScheduleKeyDeletion","DisableKey",` +
			`"DeleteImportedKeyMaterial"],"errorCode":[{"exists":false}]}}]}`},
		{"claviger-rotation-failed", "The rotation of a secret has failed.",
			`{"source":["aws.secretsmanager"],"detail-type":["AWS Service Event via CloudTrail"],` +
				`"detail":{"eventName":["RotationFailed"]}}`},
		{"claviger-parameter-policies", "A parameter has expired, is about to, or was not changed for long.",
			`{"source":["aws.ssm"],"detail-type":["Parameter Store Policy Action"]}`},
	}
}

func ours(detailTypes string) string {
	return `{"source":["claviger"],"detail-type":[` + detailTypes + `]}`
}
