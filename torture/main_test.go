package torture

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"claviger/torture/driver"
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
	all, err := driver.Results()
	accepted(t, err)
	want := page(all)
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

// reported is the name in a driver's report.
var reported = regexp.MustCompile(`driver\.Report\([a-z.]+, "([a-z]+)"`)

// TestReliability_EveryDriver_WasSweptWhole: what is reported is in the results, and nothing else
// is. A whole sweep makes them, and isn't asked.
func TestReliability_EveryDriver_WasSweptWhole(t *testing.T) {
	if driver.Whole() {
		return
	}
	var drivers, results []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range reported.FindAllSubmatch(text, -1) {
			drivers = append(drivers, string(m[1]))
		}
		return err
	})
	accepted(t, err)
	all, err := driver.Results()
	accepted(t, err)
	for _, r := range all {
		results = append(results, r.Name)
	}
	slices.Sort(drivers)
	slices.Sort(results)
	if !slices.Equal(drivers, results) {
		t.Errorf("drivers are %q, and results are of %q: make torture", drivers, results)
	}
}
