package servertest_test

import (
	"os"
	"testing"

	"claviger/secrets/rotation/rotator/servertest"
)

func TestMain(m *testing.M) { os.Exit(servertest.Main(m)) }
