package settings

import "claviger/internal/op"

// Get makes GetServiceSetting, which answers what holds, whoever has set it.
func (s *Settings) Get(n op.Info) op.Operation {
	return op.Read(n, find[Input](n), func(c *op.Call, _ Input, t target) (out Output, err error) {
		set, err := s.setting(c, t.id)
		if err != nil {
			return out, err
		}
		return output(c, set), nil
	})
}
