package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// writeClients writes what clients need: DIR/env, to be read by a shell, and DIR/bin/aws, which
// that puts before the AWS CLI.
func (o *devOptions) writeClients(addr, id, secret string) error {
	bin, err := filepath.Abs(o.path("bin"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return err
	}
	// Temporary credentials that a person may have would be sent with these.
	// STS's own is for the SDK for Go, which asks for roles of profiles and of tokens in files before
	// it reads AWS_ENDPOINT_URL: it would send tokens to AWS.
	env := fmt.Sprintf("export AWS_ENDPOINT_URL=http://%[1]s\nexport AWS_ENDPOINT_URL_STS=http://%[1]s\n"+
		"export AWS_ACCESS_KEY_ID=%[2]s\nexport AWS_SECRET_ACCESS_KEY=%[3]s\n"+
		"export AWS_REGION=%[4]s\nexport AWS_DEFAULT_REGION=%[4]s\n"+
		"unset AWS_SESSION_TOKEN\nclaviger_bin=%[5]s\n"+
		`case ":$PATH:" in *":$claviger_bin:"*) ;; *) export PATH="$claviger_bin:$PATH" ;; esac`+"\n",
		addr, id, secret, o.regions[0], quoted(bin))
	return errors.Join(replace(filepath.Join(bin, "aws"), fmt.Sprintf(wrapper, quoted(bin)), 0o700),
		writePrivate(o.path("env"), env))
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

// clients are the programs of this machine that a person may try the service with, by version; ""
// is none.
type clients struct{ aws, curl, boto3 string }

// lookForClients asks the clients for their versions. It takes one of them a second to say so.
func lookForClients(ctx context.Context) <-chan clients {
	found := make(chan clients, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		found <- clients{
			aws:  says(ctx, `^aws-cli/(\S+)`, "aws", "--version"),
			curl: says(ctx, `^curl (\S+)`, "curl", "--version"),
			boto3: says(ctx, `^(\S+)`, "python3", "-c",
				"import boto3; print(boto3.__version__)"),
		}
	}()
	return found
}

// says returns what a form finds in the output of a program; "" if there is no such program.
func says(ctx context.Context, form string, program ...string) string {
	c := exec.CommandContext(ctx, program[0], program[1:]...)
	c.WaitDelay = time.Second
	out, err := c.Output()
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

// greet says where the service is, and what to type: commands that work with what is here.
func (o *devOptions) greet(w io.Writer, addr string, here clients) {
	fmt.Fprintf(w, "\nClaviger listens on http://%[1]s and its API is described at "+
		"http://%[1]s/docs. Try, in another terminal:\n\n  . %[2]s\n", addr, sourced(o.path("env")))
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
			"--endpoint-url.\n", here.aws, o.path("bin/aws"))
	}
	if older(here.boto3, [2]int{1, 28}) {
		fmt.Fprintf(w, "\nYour boto3 %s ignores AWS_ENDPOINT_URL, and would talk to AWS: always give "+
			"it\nendpoint_url=os.environ[\"AWS_ENDPOINT_URL\"].\n", here.boto3)
	}
	fmt.Fprintln(w)
}

const (
	tryAWS = `  aws kms create-key --description "my first key"
  aws secretsmanager create-secret --name hello --secret-string world
`
	tryCurl = `  curl -sS --aws-sigv4 "aws:amz:$AWS_REGION:kms" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H 'Content-Type: application/json' -d '{"Description":"my first key"}' "$AWS_ENDPOINT_URL/v1/keys"
  curl -sS --aws-sigv4 "aws:amz:$AWS_REGION:secretsmanager" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H 'Content-Type: application/json' \
    -d '{"Name":"hello","SecretString":"world","ClientRequestToken":"%s"}' "$AWS_ENDPOINT_URL/v1/secrets"
`
)

// sourced is a path as it stands after the dot of a shell, which looks for a bare name in PATH.
func sourced(path string) string {
	if !strings.ContainsRune(path, '/') {
		path = "./" + path
	}
	if strings.Trim(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-") != "" {
		return quoted(path)
	}
	return path
}
