package parameters

import (
	"regexp"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/secretvalue"
	"claviger/internal/wire"
	"claviger/parameters/parameter"
	"claviger/parameters/ssmfault"
)

// A secret is read by a name below /aws/reference/secretsmanager as if it were a SecureString
// ("Referencing AWS Secrets Manager secrets from Parameter Store parameters" of the Systems Manager
// User Guide). Nothing of it is kept here.

// sourceResult is what GetSecretValue answered, by the names and with the form of time that were
// recorded from AWS, which are others than those of Secrets Manager.
type sourceResult struct {
	ARN           string   `json:"ARN"`
	Name          string   `json:"name"`
	VersionID     string   `json:"versionId"`
	SecretString  *string  `json:"secretString,omitzero"`
	SecretBinary  []byte   `json:"secretBinary,omitempty"` // base64
	VersionStages []string `json:"versionStages,omitempty"`
	CreatedDate   string   `json:"createdDate"`
}

const createdForm = "Jan 2, 2006, 3:04:05 PM"

// versionID is what a selector is like that is the id of a version. Any other is a label.
var versionID = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// readSecret reads the secret that a name stands for, by GetSecretValue as the same caller. A
// binary one has no Value, as with AWS.
func (s *Parameters) readSecret(c *op.Call, asked parameter.Asked,
	decrypt bool) (out Parameter, err error) {
	if !decrypt {
		return out, ssmfault.NotDecrypted
	}
	of := secretvalue.Asked{Name: asked.Secret, Stage: asked.Selector.Label}
	if versionID.MatchString(of.Stage) {
		of.VersionID, of.Stage = of.Stage, ""
	}
	found, err := s.secrets.SecretValue(c, parameter.Service, of)
	if err != nil {
		return out, secretError(asked, err)
	}
	source, err := wire.Encode(sourceResult{ARN: found.ARN, Name: found.Name,
		VersionID: found.VersionID, SecretString: found.Text, SecretBinary: found.Binary,
		VersionStages: found.Stages, CreatedDate: found.Created.UTC().Format(createdForm)})
	out = Parameter{Name: asked.Given, Type: parameter.SecureString, ARN: found.ARN,
		Selector: asked.Selector.Shown(), SourceResult: string(source),
		LastModifiedDate: wire.Time{Time: found.Created}}
	if found.Text != nil {
		out.Value = *found.Text
	}
	return out, err
}

// secretError says in Parameter Store's words what Secrets Manager refused. Who may not read the
// secret, or not use its key, is told no more than that. What no request can help (the device away,
// a failure of our own) stays what it is.
func secretError(asked parameter.Asked, err error) error {
	switch f := fault.Of(err); {
	case f.Kind == fault.NotFound:
		return ssmfault.NoSecret(asked.Name, asked.Selector.Shown())
	case f.Kind == fault.Denied, f.Code == "DecryptionFailure":
		return ssmfault.NoHelp.Because(err)
	case f.Kind == fault.Invalid, f.Kind == fault.State:
		return ssmfault.BadSecret
	}
	return err
}
