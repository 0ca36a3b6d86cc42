package sandbox_test

import (
	"context"
	"os"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator/program/sandbox"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Word {
		sandbox.Stage(os.Args[2:])
	}
	os.Exit(m.Run())
}

func TestX(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := sandbox.Run(ctx, sandbox.Command{Program: "/bin/sh", Arguments: []string{"-c", os.Getenv("X")},
		Environment:  []string{"PATH=/usr/bin:/bin"},
		User:         sandbox.User{UID: 65534, GID: 65534, Switch: true},
		Features:     sandbox.All,
		Limits:       sandbox.Limits{Memory: 1 << 30, CPU: 10 * time.Second, Files: 100, Processes: 20, Disk: 10 << 20},
		Output:       4096,
		Destinations: []string{"db.example:5432", "10.1.2.3:99", "[fd00::1]:77"},
	})
	t.Logf("%d %v\n%s", r.Status, err, r.Output)
}
