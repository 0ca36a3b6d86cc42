package secret

import (
	"hash/fnv"
	"slices"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/schedule"
)

// Rotation is how a secret is rotated, and what a rotation in progress has come to. It lies in the
// secret's row and changes with it, so that every step is one revision: what a step was begun for
// holds when it ends, or it is begun anew.
type Rotation struct {
	Configured bool                                 `json:",omitzero"` // RotateSecret has been asked for, ever
	Enabled    bool                                 `json:",omitzero"`
	Function   string                               `json:",omitzero"` // RotationLambdaARN
	Role       string                               `json:",omitzero"` // ExternalSecretRotationRoleArn
	Metadata   []ExternalSecretRotationMetadataItem `json:",omitzero"` // ExternalSecretRotationMetadata
	Rules      *RotationRules                       `json:",omitzero"` // as they were given; nil: no schedule
	Last       time.Time                            `json:",omitzero"` // LastRotatedDate
	Since      time.Time                            `json:",omitzero"` // the last rotation, or value given by hand
	Next       time.Time                            `json:",omitzero"` // NextRotationDate: the end of the next window
	Due        time.Time                            `json:",omitzero"` // the moment in that window when it begins
	Run        *Run                                 `json:",omitzero"` // the rotation in progress; nil: none is
	Empty      string                               `json:",omitzero"` // the version with AWSPENDING, while it has no value
	Ended      string                               `json:",omitzero"` // the version that the last rotation made current

	// Abandoned are candidates of rotations that were ended when their credentials may have been set
	// at the target already: one of them may be the one in force. The oldest comes first.
	Abandoned []string `json:",omitempty"`
	Failure   *Failure `json:",omitzero"` // of the last attempt; nil: it went well
}

// ExternalSecretRotationMetadataItem is one pair of ExternalSecretRotationMetadata.
type ExternalSecretRotationMetadataItem struct {
	Key   string `shape:"ExternalSecretRotationMetadataItemKeyType"`
	Value string `shape:"ExternalSecretRotationMetadataItemValueType"`
}

// RotationRules say when a secret is rotated: after days, or by a rate() or cron() expression.
// Duration is how long the window is, as 2h.
type RotationRules struct {
	AutomaticallyAfterDays *int64  `shape:"AutomaticallyRotateAfterDaysType" json:",omitzero"`
	Duration               *string `shape:"DurationType" json:",omitzero"`
	ScheduleExpression     *string `shape:"ScheduleExpressionType" json:",omitzero"`
}

// Schedule reads the rules. The error is for the caller.
func (r *RotationRules) Schedule() (schedule.Schedule, error) {
	var rules schedule.Rules
	if r.AutomaticallyAfterDays != nil {
		rules.AutomaticallyAfterDays = *r.AutomaticallyAfterDays
	}
	if r.Duration != nil {
		rules.Duration = *r.Duration
	}
	if r.ScheduleExpression != nil {
		rules.ScheduleExpression = *r.ScheduleExpression
	}
	return schedule.Parse(rules)
}

// Run is a rotation in progress. It says what is to be done next: a step that was cut off is done
// again.
type Run struct {
	Version  string       // the candidate
	Token    string       // RotationToken, a UUID
	Step     rotator.Step // to be done next
	Began    time.Time
	Test     bool      `json:",omitzero"` // only testSecret, with the current value
	Touched  bool      `json:",omitzero"` // setSecret was begun, in this attempt or one before
	Final    bool      `json:",omitzero"` // it was cancelled, and isn't tried again if it fails
	Attempts int       `json:",omitzero"` // that failed
	Retry    time.Time `json:",omitzero"` // when the next attempt begins; zero: one is going on
}

// Failure is why an attempt failed, for who runs the service.
type Failure struct {
	Version  string
	Step     rotator.Step
	Reason   rotator.Reason
	Text     string
	Said     string `json:",omitzero"` // the last lines of a function's output, credentials masked
	At       time.Time
	Attempts int
}

// RotationPending reports whether a rotation isn't complete: one is in progress, or the label of
// one that was cancelled is on another version than the current one.
func (s *Secret) RotationPending() bool {
	p := s.Stages[Pending]
	return s.Rotation.Run != nil || p != "" && p != s.Stages[Current]
}

// BeginRotation labels a version that isn't there yet, which the first step gives a value.
func (s *Secret) BeginRotation(version, token string, now time.Time) {
	s.Stages = s.Stages.clone()
	s.Stages[Pending] = version
	s.Rotation.Empty = version
	s.Rotation.Run = &Run{Version: version, Token: token, Step: rotator.CreateSecret, Began: now}
}

// BeginTest labels a version that is to hold the current value, for a test alone.
func (s *Secret) BeginTest(version, token string, now time.Time) {
	s.BeginRotation(version, token, now)
	s.Rotation.Run.Test = true
}

// Progress is what came of a step.
type Progress int

const (
	Superseded Progress = iota // the rotation isn't the one in progress any more: nothing changed
	Undone                     // the step says that it is done, and it isn't
	Advanced                   // the next step is to be done
	Completed                  // that was the last one
)

// StepDone goes on from a step of the rotation of version.
func (s *Secret) StepDone(version string, step rotator.Step, now time.Time) Progress {
	r := s.Rotation.Run
	if r == nil || r.Version != version || r.Step != step {
		return Superseded
	}
	next := *r
	switch step {
	case rotator.CreateSecret:
		if s.Rotation.Empty == version {
			return Undone
		}
		next.Step, next.Touched = rotator.SetSecret, true
		if r.Test {
			next.Step, next.Touched = rotator.TestSecret, false
		}
	case rotator.SetSecret:
		next.Step = rotator.TestSecret
	case rotator.TestSecret:
		if r.Test {
			s.endTest()
			s.Rotation.Failure = nil
			return Completed
		}
		next.Step = rotator.FinishSecret
	default:
		if s.Stages[Current] != version {
			return Undone
		}
		s.complete(now)
		return Completed
	}
	s.Rotation.Run = &next
	return Advanced
}

// Finish makes the candidate of a rotation the current version, and completes that. It is for
// whoever has set and tried the credentials, and takes the last three steps at once.
func (s *Secret) Finish(version string, now time.Time) Progress {
	r := s.Rotation.Run
	if r == nil || r.Version != version || !r.Touched {
		return Superseded
	}
	s.Stages = s.Stages.clone()
	s.Stages.promote(version)
	s.complete(now)
	return Completed
}

// complete ends a rotation that went well.
func (s *Secret) complete(now time.Time) {
	version := s.Rotation.Run.Version
	s.removePending(version)
	s.Rotation.Run, s.Rotation.Failure, s.Rotation.Abandoned = nil, nil, nil
	s.Rotation.Ended = version
	s.Rotation.Last, s.Rotation.Since = now, now
	s.Schedule(now)
}

func (s *Secret) endTest() {
	s.removePending(s.Rotation.Run.Version)
	s.Rotation.Run = nil
}

// removePending takes AWSPENDING from a version that has it.
func (s *Secret) removePending(version string) {
	if s.Stages[Pending] == version {
		s.Stages = s.Stages.clone()
		delete(s.Stages, Pending)
	}
	if s.Rotation.Empty == version {
		s.Rotation.Empty = ""
	}
}

// StepFailed has the rotation of version begin again with the first step, later and later, or ends
// it if nobody wants it any more. It reports whether the rotation was the one in progress.
func (s *Secret) StepFailed(version string, f Failure) bool {
	r := s.Rotation.Run
	if r == nil || r.Version != version {
		return false
	}
	f.Version, f.Attempts = version, r.Attempts+1
	s.Rotation.Failure = &f
	switch {
	case r.Test:
		s.endTest()
	case r.Final:
		s.stop()
	default:
		next := *r
		next.Step, next.Attempts = rotator.CreateSecret, f.Attempts
		next.Retry = f.At.Add(pause(f.Attempts))
		s.Rotation.Run = &next
	}
	return true
}

// The pauses between attempts double.
const (
	firstPause = 2 * time.Second
	lastPause  = time.Hour
)

func pause(attempts int) time.Duration {
	return min(firstPause<<min(attempts-1, 20), lastPause)
}

// Resume has a rotation that waits for its next attempt go on at once.
func (s *Secret) Resume() {
	if r := s.Rotation.Run; r != nil {
		next := *r
		next.Retry = time.Time{}
		s.Rotation.Run = &next
	}
}

// mostAbandoned bounds what is tried at a target, where wrong passwords may lock an account.
const mostAbandoned = 5

// stop ends the rotation in progress as it is: AWSPENDING stays where it is. A candidate whose
// credentials may have been set is remembered.
func (s *Secret) stop() {
	if r := s.Rotation.Run; r != nil && r.Touched && s.Stages[Current] != r.Version {
		all := append(slices.Clone(s.Rotation.Abandoned), r.Version)
		s.Rotation.Abandoned = all[max(len(all)-mostAbandoned, 0):]
	}
	s.Rotation.Run = nil
}

// CancelRotation turns rotation off and ends the rotation in progress, whose version it returns, or
// nothing. One that is finishing, because it has begun to set credentials and nobody else than the
// service would see to them, goes on to its end: between the two, nobody could log in.
func (s *Secret) CancelRotation(finishing bool) (version string) {
	s.Rotation.Enabled = false
	s.Schedule(time.Time{})
	r := s.Rotation.Run
	if r == nil {
		return s.Stages[Pending]
	}
	version = r.Version
	switch {
	case r.Test:
		s.endTest()
	case finishing && r.Touched && r.Retry.IsZero():
		next := *r
		next.Final = true
		s.Rotation.Run = &next
	default:
		s.stop()
	}
	return version
}

// AttachLabels puts labels on a new version; see [Stages.Attach]. One that is not the candidate of
// the rotation in progress ends that, as AWS has it: the rotation is returned, or nil.
func (s *Secret) AttachLabels(version string, now time.Time, labels ...string) (*Run, error) {
	next, err := s.Stages.Attach(version, labels...)
	if err != nil {
		return nil, err
	}
	was := s.Stages[Current]
	s.Stages = next
	if s.Rotation.Empty == version {
		s.Rotation.Empty = ""
	}
	var abandoned *Run
	if r := s.Rotation.Run; r != nil && r.Version != version {
		abandoned = s.abandon()
	}
	s.forgetEmpty()
	if s.Stages[Current] != was && s.Rotation.Run == nil {
		s.Rotation.Since = now
		s.Schedule(now)
	}
	return abandoned, nil
}

// MoveLabel moves a label between versions; see [Stages.Move]. Whoever takes AWSPENDING from the
// candidate of the rotation in progress, before that is current, ends that.
func (s *Secret) MoveLabel(label, from, to string) (*Run, error) {
	next, err := s.Stages.Move(label, from, to)
	if err != nil {
		return nil, err
	}
	s.Stages = next
	s.forgetEmpty()
	r := s.Rotation.Run
	if r != nil && s.Stages[Pending] != r.Version && s.Stages[Current] != r.Version {
		return s.abandon(), nil
	}
	return nil, nil
}

// abandon ends the rotation in progress and takes its label away.
func (s *Secret) abandon() *Run {
	r := s.Rotation.Run
	s.stop()
	s.removePending(r.Version)
	return r
}

// forgetEmpty forgets the version without a value once no label is on it: nothing of it is left.
func (s *Secret) forgetEmpty() {
	if e := s.Rotation.Empty; e != "" && s.Stages[Pending] != e {
		s.Rotation.Empty = ""
	}
}

// Kept reports whether a version must not be removed though it has no label.
func (s *Secret) Kept(version string) bool { return slices.Contains(s.Rotation.Abandoned, version) }

// Schedule finds the next window from now on. One that is open is skipped if the secret was rotated
// in it.
func (s *Secret) Schedule(now time.Time) {
	r := &s.Rotation
	r.Next, r.Due = time.Time{}, time.Time{}
	if !r.Enabled || r.Rules == nil {
		return
	}
	rules, err := r.Rules.Schedule()
	if err != nil {
		return // they were read before they were stored
	}
	w, ok := rules.Next(r.Since, now)
	if ok && !w.Start.After(r.Last) && !r.Last.IsZero() {
		w, ok = rules.Next(r.Since, w.End)
	}
	if ok {
		r.Next, r.Due = w.End, latest(now, w.Start.Add(s.spread(w.End.Sub(w.Start))))
	}
}

// mostSpread is how much later than others a rotation begins whose window opens at the same time.
const mostSpread = 30 * time.Minute

// spread is where in a window of a length this secret is rotated, so that not all that have the
// same schedule are at the same moment.
func (s *Secret) spread(window time.Duration) time.Duration {
	const places = 1 << 16
	h := fnv.New32a()
	h.Write([]byte(s.ARN()))
	return min(window/2, mostSpread) / places * time.Duration(h.Sum32()%places)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
