package findings

import (
	"fmt"
	"io"
	"os"
	"strings"

	"claviger/hsm"
	"claviger/internal/access"
)

// Files shows every file, and fails over the first that isn't as it has to be. Tokens of
// others may lie beside the service's own: whether that one is there is found out by logging in.
func Files(w io.Writer, all []access.File) (err error) {
	fmt.Fprintf(w, "files     as the user %s sees them\n", access.User())
	for _, f := range all {
		state := rightsOf(f.Rights)
		if f.Err != nil {
			state = "NO: " + strings.TrimPrefix(f.Err.Error(), f.Path+": ")
			if err == nil && f.What != hsm.TokenDirectory {
				err = fmt.Errorf("the user %s can't use %s: %w", access.User(), f.What, f.Err)
			}
		}
		fmt.Fprintf(w, "  %-36s %s: %s\n", f.What, f.Path, state)
	}
	if os.Geteuid() == 0 {
		fmt.Fprintln(w, "  Root may use any file: `--as USER` looks with the eyes of the user that the "+
			"service runs as.")
	}
	fmt.Fprintln(w)
	return err
}

func rightsOf(rights uint32) string {
	if rights&access.Write != 0 {
		return "can be read and written"
	}
	return "can be read"
}
