package parameters

import (
	"slices"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
	"claviger/parameters/target"
	"claviger/policy"
)

// The settings that there are.
const (
	defaultTier    = "/ssm/parameter-store/default-parameter-tier"
	highThroughput = "/ssm/parameter-store/high-throughput-enabled"
)

// settings are what each may be set to. The first is what AWS has it as.
var settings = map[string][]string{
	defaultTier:    {parameter.Standard, parameter.Advanced, parameter.IntelligentTiering},
	highThroughput: {"false", "true"},
}

// SettingInput names a setting by its id or its ARN.
type SettingInput struct {
	SettingId string `shape:"ServiceSettingId,required"`
	op.ByShape
}

func (in SettingInput) settingID() string { return in.SettingId }

// SettingOutput is a setting as it is, or was.
type SettingOutput struct{ ServiceSetting ServiceSetting }

// ServiceSetting is what an account has set for its parameters in a Region.
type ServiceSetting struct {
	SettingId        string
	SettingValue     string
	LastModifiedDate wire.Time
	LastModifiedUser string
	ARN              string
	Status           string // Default or Customized
}

// settingTarget is a setting, which there is if the id is one.
type settingTarget struct {
	operation, arn string
	id             string // or nothing: there is none
}

// Demands implements [op.Target].
func (t settingTarget) Demands() []policy.Demand {
	return []policy.Demand{domain.On(target.Action(t.operation), t.arn, "")}
}

// Missing implements [op.Target].
func (t settingTarget) Missing() error {
	if t.id == "" {
		return ssmfault.NoSetting
	}
	return nil
}

// Ready implements [op.Target].
func (settingTarget) Ready() error { return nil }

func findSetting[I interface {
	op.Input
	settingID() string
}](operation string) func(*op.Call, I) (settingTarget, error) {
	return func(c *op.Call, in I) (settingTarget, error) {
		t := settingTarget{operation: operation}
		id := in.settingID()
		if arn, ok := domain.ParseARN(id); ok && arn.Region == c.Region &&
			arn.Account == c.Caller.Account {
			id = strings.TrimPrefix(arn.Resource, "servicesetting")
		}
		t.arn = settingARN(c, id)
		if settings[id] != nil {
			t.id = id
		}
		return t, nil
	}
}

func settingARN(c *op.Call, id string) string {
	account, region := c.Namespace()
	return domain.ARN{Service: parameter.Service, Region: region, Account: account,
		Resource: "servicesetting" + id}.String()
}

// setting returns what the account of a call has set, or what AWS has it as.
func (s *Parameters) setting(c *op.Call, id string) (*parameterrows.Setting, error) {
	account, region := c.Namespace()
	set, err := s.rows.Setting(c, account, region, id)
	if err != nil || set != nil {
		return set, err
	}
	return &parameterrows.Setting{Account: account, Region: region, ID: id, Value: settings[id][0],
		Modified: time.Unix(0, 0), User: "System"}, nil
}

func shownSetting(c *op.Call, set *parameterrows.Setting) SettingOutput {
	status := "Customized"
	if set.User == "System" {
		status = "Default"
	}
	return SettingOutput{ServiceSetting{SettingId: set.ID, SettingValue: set.Value,
		LastModifiedDate: wire.Time{Time: set.Modified}, LastModifiedUser: set.User,
		ARN: settingARN(c, set.ID), Status: status}}
}

func (s *Parameters) getServiceSetting(c *op.Call, _ SettingInput,
	t settingTarget) (out SettingOutput, err error) {
	set, err := s.setting(c, t.id)
	if err != nil {
		return out, err
	}
	return shownSetting(c, set), nil
}

// resetServiceSetting answers what holds from now on.
func (s *Parameters) resetServiceSetting(c *op.Call, _ SettingInput,
	t settingTarget) (op.Commit[SettingOutput], error) {
	account, region := c.Namespace()
	return op.Apply(s.rows.RemoveSetting(account, region, t.id),
		shownSetting(c, &parameterrows.Setting{ID: t.id, Value: settings[t.id][0], Modified: parameter.Now(c),
			User: "System"})), nil
}

// UpdateServiceSettingInput sets a setting.
type UpdateServiceSettingInput struct {
	SettingId    string `shape:"ServiceSettingId,required"`
	SettingValue string `shape:"ServiceSettingValue,required"` // in exactly these letters
	op.ByShape
}

func (in UpdateServiceSettingInput) settingID() string { return in.SettingId }

func (s *Parameters) updateServiceSetting(c *op.Call, in UpdateServiceSettingInput,
	t settingTarget) (op.Commit[none], error) {
	if values := settings[t.id]; !slices.Contains(values, in.SettingValue) {
		return nil, ssmfault.Invalid("The setting " + t.id + " can be " +
			strings.Join(values, ", ") + ".")
	}
	account, region := c.Namespace()
	change, err := s.rows.StoreSetting(c, &parameterrows.Setting{Account: account, Region: region,
		ID: t.id, Value: in.SettingValue, Modified: parameter.Now(c), User: c.Caller.ARN})
	if err != nil {
		return nil, err
	}
	return op.Apply(change, none{}), nil
}
