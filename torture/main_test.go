package torture

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

//go:generate go test . -run ^TestReliability_Page_IsWhatWasMeasured$ -update

var update = flag.Bool("update", false, "write docs/reliability.md")

const reliability = "../docs/reliability.md"

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if scratch, err = os.MkdirTemp("", "claviger-torture-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// TestReliability_Page_IsWhatWasMeasured: the page is made of the results and of nothing else.
func TestReliability_Page_IsWhatWasMeasured(t *testing.T) {
	want := page(measured(t))
	if *update {
		accepted(t, os.WriteFile(reliability, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(reliability)
	accepted(t, err)
	if string(got) != want {
		t.Error("docs/reliability.md is not what the results say: make docs")
	}
}
