package main

import (
	"fmt"
	"os"
	"regexp"
	"syscall"
	"testing"
)

// TestServe_Running_LeavesNoCoreFile, and its memory is nobody's but root's to read: what an
// undumpable process has in /proc is root's own.
func TestServe_Running_LeavesNoCoreFile(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	p.address()
	proc := fmt.Sprintf("/proc/%d", p.cmd.Process.Pid)
	limits, err := os.ReadFile(proc + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
		t.Errorf("it may leave a core file:\n%s", limits)
	}
	info, err := os.Stat(proc + "/mem")
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 {
		t.Errorf("its memory is user %d's to read", owner)
	}
}
