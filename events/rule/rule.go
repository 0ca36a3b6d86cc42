// Package rule is what a rule of EventBridge is: a pattern or a schedule, and the targets that get
// the events. It has no database and no clock.
package rule

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"claviger/internal/domain"
)

// Service is EventBridge's name in ARNs and IAM actions.
const Service = "events"

// DefaultBus is the one bus of an account and Region.
const DefaultBus = "default"

// The states of a rule.
const (
	Enabled  = "ENABLED"
	Disabled = "DISABLED"
	// EnabledForAll matches what CloudTrail tells of calls that only read as well.
	EnabledForAll = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)

// AWS's quotas.
const (
	MostRules      = 300  // of an account and Region
	MostTargets    = 5    // of a rule
	MostWild       = 30   // rules that have wildcards
	LongestRule    = 2048 // characters of a pattern
	MostTags       = 50
	MostPutAtATime = 10 // targets and events of a request
)

// Ref is where a rule is.
type Ref struct{ Account, Region, Name string }

// ARN is the rule's.
func (r Ref) ARN() string {
	return domain.ARN{Service: Service, Region: r.Region, Account: r.Account,
		Resource: "rule/" + r.Name}.String()
}

// BusARN is the ARN of the default bus of an account and Region.
func BusARN(account, region string) string {
	return domain.ARN{Service: Service, Region: region, Account: account,
		Resource: "event-bus/" + DefaultBus}.String()
}

// Rule is a rule with its targets. What is changed is changed in a copy: others may be reading it.
type Rule struct {
	Ref
	ID          string // new for every rule of the same name
	Rev         int64
	Pattern     string // as it was given; empty: there is none
	Schedule    string // likewise
	State       string
	Description string
	RoleARN     string
	CreatedBy   string // the account
	Created     time.Time
	Tags        []Tag    // in order of key
	Targets     []Target // in the order in which they were put
}

// Next returns a copy of the next revision with what change does to it.
func (r *Rule) Next(change func(*Rule)) *Rule {
	next := *r
	next.Rev++
	next.Targets = slices.Clone(r.Targets)
	change(&next)
	return &next
}

// Target returns the place of a target among the rule's, or -1.
func (r *Rule) Target(id string) int {
	return slices.IndexFunc(r.Targets, func(t Target) bool { return t.Id == id })
}

// Tag is a pair that people and policies tell things apart by.
type Tag struct {
	Key   string `shape:"TagKey,required"`
	Value string `shape:"TagValue,required"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }

// Target is where a rule sends events, and as what.
type Target struct {
	Id               string            `shape:"TargetId,required"`
	Arn              string            `shape:"TargetArn,required"`
	RoleArn          *string           `shape:"RoleArn" json:",omitzero"`
	Input            *string           `shape:"TargetInput" json:",omitzero"`
	InputPath        *string           `shape:"TargetInputPath" json:",omitzero"`
	InputTransformer *InputTransformer `shape:"InputTransformer" json:",omitzero"`
	HttpParameters   *HttpParameters   `shape:"HttpParameters" json:",omitzero"`
	DeadLetterConfig *DeadLetterConfig `shape:"DeadLetterConfig" json:",omitzero"`
	RetryPolicy      *RetryPolicy      `shape:"RetryPolicy" json:",omitzero"`

	// These are refused.
	AppSyncParameters           *Elsewhere `shape:"AppSyncParameters" json:",omitzero"`
	BatchParameters             *Elsewhere `shape:"BatchParameters" json:",omitzero"`
	EcsParameters               *Elsewhere `shape:"EcsParameters" json:",omitzero"`
	KinesisParameters           *Elsewhere `shape:"KinesisParameters" json:",omitzero"`
	RedshiftDataParameters      *Elsewhere `shape:"RedshiftDataParameters" json:",omitzero"`
	RunCommandParameters        *Elsewhere `shape:"RunCommandParameters" json:",omitzero"`
	SageMakerPipelineParameters *Elsewhere `shape:"SageMakerPipelineParameters" json:",omitzero"`
	SqsParameters               *Elsewhere `shape:"SqsParameters" json:",omitzero"`
}

// Elsewhere is what a target of a kind that there isn't here would be told, whatever is in it.
type Elsewhere struct{}

// Elsewhere returns the name of a member that is for a kind of targets which there isn't here, or
// nothing.
func (t *Target) Elsewhere() string {
	for name, there := range map[string]*Elsewhere{
		"AppSyncParameters":           t.AppSyncParameters,
		"BatchParameters":             t.BatchParameters,
		"EcsParameters":               t.EcsParameters,
		"KinesisParameters":           t.KinesisParameters,
		"RedshiftDataParameters":      t.RedshiftDataParameters,
		"RunCommandParameters":        t.RunCommandParameters,
		"SageMakerPipelineParameters": t.SageMakerPipelineParameters,
		"SqsParameters":               t.SqsParameters,
	} {
		if there != nil {
			return name
		}
	}
	return ""
}

// InputTransformer makes a text of an event: values of paths into a template.
type InputTransformer struct {
	InputPathsMap map[string]string `shape:"TransformerPaths" json:",omitempty"`
	InputTemplate string            `shape:"TransformerInput,required"`
}

// HttpParameters are added to the requests to an API destination.
type HttpParameters struct {
	PathParameterValues   []string          `shape:"PathParameterList" json:",omitempty"` // for each * in order
	HeaderParameters      map[string]string `shape:"HeaderParametersMap" json:",omitempty"`
	QueryStringParameters map[string]string `shape:"QueryStringParametersMap" json:",omitempty"`
}

// DeadLetterConfig says who gets what could not be delivered.
type DeadLetterConfig struct {
	Arn *string `shape:"ResourceArn" json:",omitzero"`
}

// RetryPolicy says how long a delivery is tried.
type RetryPolicy struct {
	MaximumRetryAttempts     *int32 `shape:"MaximumRetryAttempts" json:",omitzero"`     // absent: 185
	MaximumEventAgeInSeconds *int32 `shape:"MaximumEventAgeInSeconds" json:",omitzero"` // absent: a day
}

// Kind is what a target is.
type Kind string

// The kinds of targets that there are here. Which log files and programs there are is declared in
// the configuration.
const (
	Topic       Kind = "sns"
	Destination Kind = "api-destination"
	LogFile     Kind = "log-group"
	Program     Kind = "function"
	Secret      Kind = "secret" // whose rotation begins
)

// secretName is what the ARN of a secret ends with. Its last six characters have to be there: a
// secret that is made again under the name is another one, and nobody has said that of it.
var secretName = regexp.MustCompile(`^secret:([a-zA-Z0-9/_+=.@!-]{1,512}-[a-zA-Z0-9]{6})$`)

// ReadTarget reads the ARN of a target, and returns what it is and its name: of a topic, of an API
// destination (with its id), of a log group, of a function or of a secret (with its suffix).
func ReadTarget(arn string) (kind Kind, name string, at domain.ARN, ok bool) {
	at, ok = domain.ParseARN(arn)
	if !ok {
		return "", "", at, false
	}
	switch at.Service {
	case "sns":
		return Topic, at.Resource, at, !strings.ContainsAny(at.Resource, ":/")
	case Service:
		name, ok = strings.CutPrefix(at.Resource, "api-destination/")
		return Destination, name, at, ok && strings.Count(name, "/") == 1
	case "logs":
		name, ok = strings.CutPrefix(at.Resource, "log-group:")
		name = strings.TrimSuffix(name, ":*")
		return LogFile, name, at, ok && name != ""
	case "lambda":
		name, ok = strings.CutPrefix(at.Resource, "function:")
		return Program, name, at, ok && name != "" && !strings.Contains(name, ":")
	case "secretsmanager":
		m := secretName.FindStringSubmatch(at.Resource)
		if m == nil {
			return "", "", at, false
		}
		return Secret, m[1], at, true
	}
	return "", "", at, false
}
