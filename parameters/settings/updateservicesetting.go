package settings

import (
	"slices"
	"strings"

	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
)

// UpdateServiceSettingInput sets a setting.
type UpdateServiceSettingInput struct {
	SettingId    string `shape:"ServiceSettingId,required"`
	SettingValue string `shape:"ServiceSettingValue,required"` // in exactly these letters
	op.ByShape
}

func (in UpdateServiceSettingInput) settingID() string { return in.SettingId }

// Update makes UpdateServiceSetting.
func (s *Settings) Update(n op.Info) op.Operation {
	return op.Write(n, find[UpdateServiceSettingInput](n), s.update)
}

func (s *Settings) update(c *op.Call, in UpdateServiceSettingInput,
	t target) (op.Commit[op.None], error) {
	if !slices.Contains(values[t.id], in.SettingValue) {
		return nil, ssmfault.Invalid("The setting " + t.id + " can be " +
			strings.Join(values[t.id], ", ") + ".")
	}
	account, region := c.Namespace()
	change, err := s.rows.StoreSetting(c, &parameterrows.Setting{Account: account, Region: region,
		ID: t.id, Value: in.SettingValue, Modified: parameter.Now(c), User: c.Caller.ARN})
	if err != nil {
		return nil, err
	}
	return op.Apply(change, op.None{}), nil
}
