package control

import (
	"fmt"
	"io"
	"os/user"
	"strconv"
	"text/tabwriter"
	"time"

	"claviger/identity"
)

// by names the command and the user who gives it, for the records.
func by(command string, uid int) string { return "claviger " + command + " by " + UserName(uid) }

// UserName names a user of the operating system for the records, by number where it has no name. A
// negative one is this process's own.
func UserName(uid int) string {
	number := strconv.Itoa(uid)
	u, err := user.LookupId(number)
	if uid < 0 {
		u, err = user.Current()
	}
	if err != nil {
		return number
	}
	return u.Username
}

// MadeKey is an access key that a command has made. Its secret is shown once.
type MadeKey struct{ ID, Secret, Principal string }

// of says whose a key is: a user's, or the account's root user's.
func (k *MadeKey) of(account, user string) *MadeKey {
	k.Principal = identity.RootUser(account).ARN
	if user != "" {
		k.Principal = "user " + user + " of account " + account
	}
	return k
}

func (k *MadeKey) show(w io.Writer) {
	fmt.Fprintf(w, "Made an access key of %s, shown this once:\n\nAWS_ACCESS_KEY_ID=%s\n"+
		"AWS_SECRET_ACCESS_KEY=%s\n", k.Principal, k.ID, k.Secret)
}

// table prints lines under a head.
func table(w io.Writer, head string, lines []string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	for _, l := range lines {
		fmt.Fprintln(t, l)
	}
	return t.Flush()
}

// shown is a time as commands print it.
func shown(t time.Time) string { return t.UTC().Format(time.RFC3339) }
