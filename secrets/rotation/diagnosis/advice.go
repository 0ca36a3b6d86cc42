package diagnosis

import "claviger/secrets/rotation/rotator"

// Advice is what to do about a failure.
func Advice(r rotator.Reason) string {
	if text := advice[r]; text != "" {
		return text
	}
	return "The service's log has the cause, under the secret's ARN."
}

var advice = map[rotator.Reason]string{
	rotator.BadSecret: "Put a value with PutSecretValue that has what is missing. Built-in rotators " +
		"take a JSON object with the members of AWS's database secrets.",
	rotator.NotAllowed: "Declare it in the server's configuration: a rotator has the accounts and " +
		"targets that it may be used for. `claviger doctor` says which programs can't be run.",
	rotator.Unreachable: "See that the target is up, and that its name and port can be reached from " +
		"the service's machine.",
	rotator.Untrusted: "See that the target speaks TLS with a certificate for the host that the " +
		"secret names, by an authority that the rotator's ca_file has.",
	rotator.LoginRefused: "The credentials were changed at the target by somebody else. Set those " +
		"of the current version there, or put the right ones with PutSecretValue.",
	rotator.Forbidden: "Grant the user that the rotator logs in as the right to change the password. " +
		"A program's role has to trust secretsmanager.amazonaws.com, for this secret if its policy " +
		"names aws:SourceArn.",
	rotator.ReadOnly: "See that the secret's host is where changes are taken, and no copy. The next " +
		"attempt comes by itself.",
	rotator.TimedOut: "See why the target is slow, or give the rotator a longer timeout.",
	rotator.CutOff: "Wait for the next attempt: it finds out which credentials are in force, and " +
		"goes on from there.",
	rotator.BadAnswer: "See that what answers there is of the kind that the rotator is for.",
	rotator.Failed: "Look at the log of the function or target, and at the service's own: it has " +
		"the cause under the secret's ARN.",
	rotator.Blocked: "Take AWSPENDING from the version that has it, with UpdateSecretVersionStage.",
	rotator.NoSuperuser: "Have masterarn name a secret that the rotator's superusers have, and that " +
		"can be read.",
}
