package config

import (
	"strings"
	"testing"
)

// Device and database find the files that they need, however many connections there are.
func TestLimits_Files_LeaveHalfToTheDevice(t *testing.T) {
	for _, c := range []struct {
		files                 uint64
		total, perSource      int // as configured
		wantTotal, wantSource int
		says                  string
	}{
		{files: 8192, wantTotal: 4096, wantSource: 1024},
		{files: 1 << 40, wantTotal: 4096, wantSource: 1024},
		{files: 1024, wantTotal: 512, wantSource: 128},
		{files: 256, wantTotal: 128, wantSource: 32},
		{files: 255, says: "LimitNOFILE"},
		{files: 65536, total: 30000, wantTotal: 30000, wantSource: 7500},
		{files: 65536, total: 30000, perSource: 30000, wantTotal: 30000, wantSource: 30000},
		{files: 65536, perSource: 9999, wantTotal: 4096, wantSource: 4096},
		{files: 8192, total: 2, wantTotal: 2, wantSource: 1},
		{files: 8192, total: 4097, says: "connections is 4097"},
		{files: 8192, total: -1, says: "negative"},
		{files: 8192, perSource: -1, says: "negative"},
	} {
		conf := &Config{Connections: c.total, ConnectionsPerSource: c.perSource}
		l, err := conf.limitsFor(c.files)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil || l != (Limits{Total: c.wantTotal, PerSource: c.wantSource}) {
			t.Errorf("%+v: %+v, %v", c, l, err)
		}
	}
}
