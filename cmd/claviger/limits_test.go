package main

import (
	"testing"
)

func TestConfig_ImpossibleLimits_AreSaid(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.set("connections", "1000000000")
	s.clear(s.run(s.serve()...), 3, "LimitNOFILE")
	s.set("connections", "0")
	s.set("listen_metrics", `"0.0.0.0:0"`)
	s.clear(s.run(s.serve()...), 3, "loopback")
}
