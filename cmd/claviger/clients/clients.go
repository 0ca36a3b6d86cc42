// Package clients is what `claviger dev` does for the clients on the same machine: files by which
// they find the service, and what to type with those that are here.
package clients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Files are what clients need.
type Files struct {
	Dir    string // where they lie
	Region string // that clients ask
}

func (f Files) path(name string) string { return filepath.Join(f.Dir, name) }

// Write writes them: DIR/env, to be read by a shell, and DIR/bin/aws, which that puts before the
// AWS CLI.
func (f Files) Write(addr, id, secret string) error {
	bin, err := filepath.Abs(f.path("bin"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return err
	}
	// Temporary credentials that a person may have would be sent with these.
	// STS's own is for the SDK for Go, which asks for roles of profiles and of tokens in files before
	// it reads AWS_ENDPOINT_URL: it would send tokens to AWS.
	env := fmt.Sprintf("export AWS_ENDPOINT_URL=http://%[1]s\n"+
		"export AWS_ENDPOINT_URL_STS=http://%[1]s\n"+
		"export AWS_ACCESS_KEY_ID=%[2]s\nexport AWS_SECRET_ACCESS_KEY=%[3]s\n"+
		"export AWS_REGION=%[4]s\nexport AWS_DEFAULT_REGION=%[4]s\n"+
		"unset AWS_SESSION_TOKEN\nclaviger_bin=%[5]s\n"+
		`case ":$PATH:" in *":$claviger_bin:"*) ;; *) export PATH="$claviger_bin:$PATH" ;; esac`+"\n",
		addr, id, secret, f.Region, quoted(bin))
	return errors.Join(Replace(filepath.Join(bin, "aws"), fmt.Sprintf(wrapper, quoted(bin)), 0o700),
		Replace(f.path("env"), env, 0o600))
}

// wrapper stands before the AWS CLI. It is there whatever the CLI's version: another one may come
// first in the path tomorrow, and one that is too old sends what it is told to AWS.
const wrapper = `#!/bin/sh
# The AWS CLI, told where Claviger listens: before 1.29 and 2.13 it ignores AWS_ENDPOINT_URL and
# talks to AWS. claviger dev writes this file.
here=%s
: "${AWS_ENDPOINT_URL:?is not set: read the file env beside $here}"
rest=
set -f
IFS=:
for dir in $PATH; do
	[ "$dir" = "$here" ] || rest=${rest:+$rest:}$dir
done
unset IFS
set +f
PATH=$rest
if ! command -v aws >/dev/null 2>&1; then
	echo "The AWS CLI is not here. ` + installAWS + `" >&2
	exit 127
fi
exec aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"
`

const (
	installAWS = "Install it: apt-get install awscli, dnf install awscli2, " +
		"zypper install aws-cli, apk add aws-cli, pacman -S aws-cli or brew install awscli."
	installCurl = "Install it with the package manager: its package is called curl everywhere."
)

// quoted makes a text one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Here are the programs of this machine that a person may try the service with, by version; ""
// is none.
type Here struct{ aws, curl, boto3 string }

// Look asks the clients for their versions. It takes one of them a second to say so.
func Look(ctx context.Context) <-chan Here {
	found := make(chan Here, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		found <- Here{
			aws:  says(ctx, `^aws-cli/(\S+)`, "aws", "--version"),
			curl: says(ctx, `^curl (\S+)`, "curl", "--version"),
			boto3: says(ctx, `^(\S+)`, "python3", "-c",
				"import boto3; print(boto3.__version__)"),
		}
	}()
	return found
}

// busy is the version of a program that is there and doesn't say it in time.
const busy = "unknown"

// says returns what a form finds in the output of a program; "" if there is no such program.
func says(ctx context.Context, form string, program ...string) string {
	if _, err := exec.LookPath(program[0]); err != nil {
		return ""
	}
	c := exec.CommandContext(ctx, program[0], program[1:]...)
	c.WaitDelay = time.Second
	out, err := c.Output()
	if ctx.Err() != nil {
		return busy
	}
	m := regexp.MustCompile(form).FindSubmatch(out)
	if err != nil || m == nil {
		return ""
	}
	return string(m[1])
}

// older reports whether a version is before one of its own major number; a major number that isn't
// named is taken for newer.
func older(version string, than ...[2]int) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	for _, t := range than {
		if errA == nil && errB == nil && a == t[0] && b < t[1] {
			return true
		}
	}
	return false
}

// Greet says where the service is, and what to type: commands that work with what is here.
func (f Files) Greet(w io.Writer, addr string, here Here) {
	fmt.Fprintf(w, "\nClaviger listens on http://%[1]s and its API is described at "+
		"http://%[1]s/docs. Try, in another terminal:\n\n  . %[2]s\n", addr, Sourced(f.path("env")))
	switch {
	case here.aws != "":
		fmt.Fprint(w, tryAWS)
	case here.curl != "" && !older(here.curl, [2]int{7, 75}):
		fmt.Fprintf(w, tryCurl, uuid.NewString())
		fmt.Fprint(w, "\nThe AWS CLI is not here. ", installAWS, "\n")
	default:
		fmt.Fprintf(w, tryCurl, uuid.NewString())
		fmt.Fprint(w, "\ncurl is not here, or older than 7.75 and can't sign requests. ",
			installCurl, "\nNor is the AWS CLI. ", installAWS, "\n")
	}
	if here.aws != "" && older(here.aws, [2]int{1, 29}, [2]int{2, 13}) {
		fmt.Fprintf(w, "\nYour AWS CLI %s ignores AWS_ENDPOINT_URL, and would talk to AWS. After the "+
			"first line `aws` is\n%s, which tells it the endpoint; elsewhere say "+
			"--endpoint-url.\n", here.aws, f.path("bin/aws"))
	}
	if older(here.boto3, [2]int{1, 28}) {
		fmt.Fprintf(w, "\nYour boto3 %s ignores AWS_ENDPOINT_URL, and would talk to AWS: always give "+
			"it\nendpoint_url=os.environ[\"AWS_ENDPOINT_URL\"].\n", here.boto3)
	}
	fmt.Fprint(w, "\nThe access key in that file is the root user's, who may do everything. "+
		"Elsewhere it is put away\nonce there is an administrator: claviger user, claviger access-key.\n\n")
}

const (
	// A key, what is sealed under one, and what is known of both.
	tryAWS = `  aws kms create-key --description "my first key"
  aws secretsmanager create-secret --name hello --secret-string world
  aws cloudtrail lookup-events --max-results 2
`
	tryCurl = `  curl -sS --aws-sigv4 "aws:amz:$AWS_REGION:kms" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H 'Content-Type: application/json' -d '{"Description":"my first key"}' "$AWS_ENDPOINT_URL/v1/keys"
  curl -sS --aws-sigv4 "aws:amz:$AWS_REGION:secretsmanager" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H 'Content-Type: application/json' \
    -d '{"Name":"hello","SecretString":"world","ClientRequestToken":"%s"}' "$AWS_ENDPOINT_URL/v1/secrets"
`
)

// Sourced is a path as it stands after the dot of a shell, which looks for a bare name in PATH.
func Sourced(path string) string {
	if !strings.ContainsRune(path, '/') {
		path = "./" + path
	}
	if strings.Trim(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-") != "" {
		return quoted(path)
	}
	return path
}

// Replace writes a file anew as a whole: whoever reads it meanwhile has the old one.
func Replace(path, text string, mode fs.FileMode) error {
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return os.Rename(next, path)
}
