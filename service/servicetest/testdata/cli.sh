# What scripts that drive the AWS CLI have in common: they begin with this file, which lies beside them.
# shellcheck shell=sh

# Before 2.13 and 1.29 the CLI doesn't read AWS_ENDPOINT_URL.
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# same WHAT GOT WANT
same() { [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"; }

# refused NAME COMMAND...: the command must fail with this error.
refused() {
	name=$1
	shift
	if out=$("$@" 2>&1); then fail "accepted: $*"; fi
	case $out in
	*"($name)"*) ;;
	*) fail "$*: want $name, got $out" ;;
	esac
}
