// Package settings is what an account has set for its parameters in a Region: the tier of those
// that are made without one, and whether they may be read faster.
package settings

import (
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
	"claviger/policy"
)

// The settings that there are.
const (
	defaultTier    = "/ssm/parameter-store/default-parameter-tier"
	highThroughput = "/ssm/parameter-store/high-throughput-enabled"
)

// values are what each setting may be set to. The first is what AWS has it as.
var values = map[string][]string{
	defaultTier:    {parameter.Standard, parameter.Advanced, parameter.IntelligentTiering},
	highThroughput: {"false", "true"},
}

// byAWS is who has set what nobody has.
const byAWS = "System"

// Settings are those of all accounts.
type Settings struct{ rows *parameterrows.Rows }

// New returns the settings in rows.
func New(rows *parameterrows.Rows) *Settings { return &Settings{rows} }

// DefaultTier is the tier of parameters that are made without one by the account of a call.
func (s *Settings) DefaultTier(c *op.Call) (string, error) {
	set, err := s.setting(c, defaultTier)
	if err != nil {
		return "", err
	}
	return set.Value, nil
}

// setting returns what the account of a call has set, or what AWS has it as.
func (s *Settings) setting(c *op.Call, id string) (*parameterrows.Setting, error) {
	account, region := c.Namespace()
	set, err := s.rows.Setting(c, account, region, id)
	if err != nil || set != nil {
		return set, err
	}
	return &parameterrows.Setting{ID: id, Value: values[id][0], Modified: time.Unix(0, 0),
		User: byAWS}, nil
}

// Input names a setting by its id or its ARN.
type Input struct {
	SettingId string `shape:"ServiceSettingId,required"`
	op.ByShape
}

func (in Input) settingID() string { return in.SettingId }

// Output is a setting as it is now.
type Output struct{ ServiceSetting ServiceSetting }

// ServiceSetting is what an account has set for its parameters in a Region.
type ServiceSetting struct {
	SettingId        string
	SettingValue     string
	LastModifiedDate wire.Time
	LastModifiedUser string
	ARN              string
	Status           string // Default or Customized
}

// target is a setting, which there is if the id is one.
type target struct {
	action, arn string
	id          string // or nothing: there is none
}

// Demands implements [op.Target].
func (t target) Demands() []policy.Demand {
	return []policy.Demand{domain.On(t.action, t.arn, "")}
}

// Missing implements [op.Target].
func (t target) Missing() error {
	if t.id == "" {
		return ssmfault.NoSetting
	}
	return nil
}

// Ready implements [op.Target]: a setting has no states.
func (target) Ready() error { return nil }

// identified is an input that names a setting.
type identified interface {
	op.Input
	settingID() string
}

// find reads the id of a setting. An ARN of another account or Region names none.
func find[I identified](n op.Info) func(*op.Call, I) (target, error) {
	return func(c *op.Call, in I) (target, error) {
		id := in.settingID()
		if a, ok := domain.ParseARN(id); ok && a.Region == c.Region && a.Account == c.Caller.Account {
			id = strings.TrimPrefix(a.Resource, resource)
		}
		t := target{action: parameter.Service + ":" + n.Name, arn: arn(c, id)}
		if values[id] != nil {
			t.id = id
		}
		return t, nil
	}
}

const resource = "servicesetting"

func arn(c *op.Call, id string) string {
	account, region := c.Namespace()
	return domain.ARN{Service: parameter.Service, Region: region, Account: account,
		Resource: resource + id}.String()
}

func output(c *op.Call, set *parameterrows.Setting) Output {
	status := "Customized"
	if set.User == byAWS {
		status = "Default"
	}
	return Output{ServiceSetting{SettingId: set.ID, SettingValue: set.Value,
		LastModifiedDate: wire.Time{Time: set.Modified}, LastModifiedUser: set.User,
		ARN: arn(c, set.ID), Status: status}}
}
