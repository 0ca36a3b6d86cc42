package settings

import (
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
)

// Reset makes ResetServiceSetting, which answers what holds from now on.
func (s *Settings) Reset(n op.Info) op.Operation {
	return op.Write(n, find[Input](n), func(c *op.Call, _ Input, t target) (op.Commit[Output], error) {
		account, region := c.Namespace()
		out := output(c, &parameterrows.Setting{ID: t.id, Value: values[t.id][0],
			Modified: parameter.Now(c), User: byAWS})
		return op.Apply(s.rows.RemoveSetting(account, region, t.id), out), nil
	})
}
