package rotation

import (
	"strconv"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/events"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/store"

	"github.com/google/uuid"
)

// RotateSecretInput says by what and when a secret is rotated. What is left out stays as it was.
// ClientRequestToken, 32 to 64 characters, becomes the id of the new version. RotateImmediately is
// true unless it says otherwise: then the function is only tried, and the secret is rotated in its
// next window.
type RotateSecretInput struct {
	SecretId           string                `shape:"SecretIdType,required"`
	ClientRequestToken *string               `shape:"ClientRequestTokenType,idempotencyToken"`
	RotationLambdaARN  *string               `shape:"RotationLambdaARNType"`
	RotationRules      *secret.RotationRules `shape:"RotationRulesType"`
	RotateImmediately  *bool                 `shape:"BooleanType"`

	ExternalSecretRotationMetadata []secret.ExternalSecretRotationMetadataItem `shape:"ExternalSecretRotationMetadataType"`
	ExternalSecretRotationRoleArn  *string                                     `shape:"RoleARNType"`
}

// SecretID implements [target.Identified].
func (in RotateSecretInput) SecretID() string { return in.SecretId }

// Validate reads the schedule. A request without a token is refused with another error than
// elsewhere in Secrets Manager, as was recorded from AWS.
func (in RotateSecretInput) Validate() error {
	if in.ClientRequestToken == nil {
		return errNoToken
	}
	if in.RotationRules == nil {
		return nil
	}
	if _, err := in.RotationRules.Schedule(); err != nil {
		return smfault.InvalidParameter(err.Error())
	}
	return nil
}

// Conditions implements [domain.Conditional].
func (in RotateSecretInput) Conditions(v policy.Values) {
	domain.SetText(v, model.RotationLambdaARN, in.RotationLambdaARN)
	domain.Set(v, model.RotateImmediately, in.RotateImmediately, strconv.FormatBool)
	domain.SetText(v, model.ExternalRole, in.ExternalSecretRotationRoleArn)
	if in.RotationRules != nil {
		v[model.ModifyRotationRules] = []string{"true"}
	}
}

// RotateSecretOutput names the version that the rotation prepares. The answer comes before the
// rotation is done. After a test there is no version.
type RotateSecretOutput struct {
	ARN, Name string
	VersionId string `json:",omitzero"`
}

var (
	errNoToken = smfault.InvalidParameter("You must provide a ClientRequestToken value. We " +
		"recommend a UUID-type value.")
	errNoFunction = smfault.InvalidRequest("No Lambda rotation function ARN is associated with " +
		"this secret.")
	// ErrIncomplete is AWS's answer where a rotation is in progress: it passes.
	ErrIncomplete = smfault.InvalidRequest("A previous rotation isn't complete. That rotation " +
		"will be reattempted.")
	errTokenTaken = smfault.InvalidRequest("You can't rotate the secret with this " +
		"ClientRequestToken because a version of the secret has it already. Use another one.")
	errManaged = smfault.InvalidRequest("You can't change how the secret is rotated, because it's " +
		"managed by the service that made it: leave everything but RotationRules out.")
)

// rotateSecret configures the rotation and begins one. What is configured and that it began are one
// revision, so that nothing is stored of a request that is refused.
func (r *Rotation) rotateSecret(c *op.Call, in RotateSecretInput,
	sec *secret.Secret) (*secretrows.Change, RotateSecretOutput, error) {
	token := *in.ClientRequestToken
	out := RotateSecretOutput{ARN: sec.ARN(), Name: sec.Name}
	immediately := domain.Or(in.RotateImmediately, true)
	if immediately {
		out.VersionId = token
	}
	if run := sec.Rotation.Run; run != nil && run.Version == token {
		return r.reattempt(c, sec), out, nil
	}
	if sec.Rotation.Ended == token {
		return nil, out, nil
	}
	next, err := r.configured(c, in, sec)
	if err != nil {
		return nil, out, err
	}
	if sec.RotationPending() {
		return nil, out, ErrIncomplete
	}
	if taken, err := r.taken(c, sec, token); err != nil || taken {
		return nil, out, or(err, errTokenTaken)
	}
	ch := &secretrows.Change{Secret: next, Also: r.due(next, c.Time)}
	if immediately {
		next.BeginRotation(token, uuid.NewString(), secret.Now(c))
	} else {
		next.BeginTest(token, uuid.NewString(), secret.Now(c))
	}
	next.Schedule(secret.Now(c))
	events.RotationStarted(c, next, next.Rotation.Run)
	return ch, out, nil
}

func or(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// reattempt has a rotation that waits for its next attempt go on at once: whoever sends the same
// request again wants it done.
func (r *Rotation) reattempt(c *op.Call, sec *secret.Secret) *secretrows.Change {
	if sec.Rotation.Run.Retry.IsZero() {
		return nil
	}
	next := sec.Next(c, func(n *secret.Secret) { n.Resume() })
	events.RotationStarted(c, next, next.Rotation.Run)
	return &secretrows.Change{Secret: next, Also: r.due(next, c.Time)}
}

// taken reports whether a token is the id of a version.
func (r *Rotation) taken(c *op.Call, sec *secret.Secret, token string) (bool, error) {
	_, err := r.rows.Facts(c, sec, token)
	if domain.IsNoRow(err) {
		return false, nil
	}
	return err == nil, err
}

// configured returns the secret as the request wants it rotated.
func (r *Rotation) configured(c *op.Call, in RotateSecretInput,
	sec *secret.Secret) (*secret.Secret, error) {
	if sec.Owner != "" && (in.RotationLambdaARN != nil || in.ExternalSecretRotationMetadata != nil ||
		in.ExternalSecretRotationRoleArn != nil) {
		return nil, errManaged
	}
	next := sec.Next(c, func(n *secret.Secret) {
		to := &n.Rotation
		to.Configured, to.Enabled = true, true
		to.Function = domain.Or(in.RotationLambdaARN, to.Function)
		to.Role = domain.Or(in.ExternalSecretRotationRoleArn, to.Role)
		if in.ExternalSecretRotationMetadata != nil {
			to.Metadata = in.ExternalSecretRotationMetadata
		}
		if in.RotationRules != nil {
			to.Rules = in.RotationRules
		}
	})
	if next.Rotation.Since.IsZero() {
		next.Rotation.Since = sec.Created
	}
	switch {
	case next.Rotation.Function == "" && next.Type == "":
		return nil, errNoFunction
	case r.rotators.of(next) == nil:
		return nil, ErrNotInvokable
	}
	return next, nil
}

// Manage has a new secret rotated by a built-in rotator, at once and by rules. What it returns
// belongs into the commit that makes the secret.
func (r *Rotation) Manage(c *op.Call, sec *secret.Secret, function string,
	rules *secret.RotationRules) (domain.Change, error) {
	now := secret.Now(c)
	sec.Rotation = secret.Rotation{Configured: true, Enabled: true, Function: function, Rules: rules,
		Since: now}
	if by := r.rotators.of(sec); by == nil || by.Target == nil {
		return nil, ErrNotInvokable
	}
	sec.BeginRotation(uuid.NewString(), uuid.NewString(), now)
	sec.Schedule(now)
	events.RotationStarted(c, sec, sec.Rotation.Run)
	return r.due(sec, c.Time), nil
}

// Resume has a secret that was marked for deletion rotated again as it was before.
func (r *Rotation) Resume(sec *secret.Secret) domain.Change {
	at := sec.Rotation.Due
	if run := sec.Rotation.Run; run != nil {
		at = run.Retry
		if at.IsZero() {
			at = run.Began
		}
	}
	return r.due(sec, at)
}

// due has the work on a secret done at a time, or not at all if it is zero.
func (r *Rotation) due(sec *secret.Secret, at time.Time) domain.Change {
	return func(tx *store.Tx) error {
		if at.IsZero() {
			return r.jobs.Cancel(tx, Job, sec.Account, sec.Region, sec.Tail())
		}
		return r.jobs.Schedule(tx, Job, sec.Account, sec.Region, sec.Tail(), at)
	}
}
