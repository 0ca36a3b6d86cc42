#!/bin/sh
# token.sh DIR LABEL
#
# Makes a SoftHSM2 token to play with, called LABEL, all of it below DIR and nothing of it elsewhere:
#
#   DIR/softhsm2.conf   the configuration; SOFTHSM2_CONF must name it
#   DIR/tokens/         the token's objects
#   DIR/LABEL.pin       the user's PIN           both random, both mode 0600
#   DIR/LABEL.so-pin    the security officer's
#
# A token of that label that is there already is kept. Prints on standard output what a shell needs to use it.
#
# softhsm2-util takes PINs on its command line only when nobody is there to type them, so for a moment other users
# of this machine can see them in the process list. That is fine for a toy and for nothing else.
set -eu

if [ $# -ne 2 ] || [ -z "$1" ]; then
	echo "usage: token.sh DIR LABEL" >&2
	exit 2
fi
label=$2
# PKCS#11 pads a label to 32 bytes (CK_TOKEN_INFO), and ours is also a file's name.
case $label in
'' | -* | .* | *[!A-Za-z0-9._-]*)
	echo "token.sh: a label is made of letters, digits, '.', '_' and '-', and begins with a letter, digit or '_'." >&2
	exit 2
	;;
esac
if [ ${#label} -gt 32 ]; then
	echo "token.sh: a label has at most 32 characters." >&2
	exit 2
fi

setup=$(cd "$(dirname "$0")" && pwd)
if ! command -v softhsm2-util >/dev/null 2>&1 || ! module=$("$setup/find.sh"); then
	echo "token.sh: SoftHSM2 is not installed. Run: $setup/install.sh" >&2
	exit 1
fi

umask 077
mkdir -p "$1/tokens"
dir=$(cd "$1" && pwd)

if [ ! -f "$dir/softhsm2.conf" ]; then
	cat >"$dir/softhsm2.conf" <<CONF
directories.tokendir = $dir/tokens
objectstore.backend = file
log.level = ERROR
slots.removable = false
CONF
fi
export SOFTHSM2_CONF="$dir/softhsm2.conf"

# pin prints 16 random decimal digits: 53 bits, and no character that a shell or a URI would read as its own.
# Bytes from 250 up are passed over, so that every digit is as likely as the others.
pin() {
	od -An -v -tu1 -N256 /dev/urandom | tr -s ' ' '\n' |
		awk '/./ && $1 < 250 && n < 16 { printf "%d", $1 % 10; n++ }'
}

exists() {
	softhsm2-util --show-slots | sed -n -e 's/ *$//' -e 's/^ *Label: *//p' | grep -Fqx -- "$label"
}

# A PIN file is written before the token it opens, so that an interrupted run leaves no token that nobody can open.
if ! exists; then
	pin >"$dir/$label.pin"
	pin >"$dir/$label.so-pin"
	softhsm2-util --init-token --free --label "$label" \
		--pin "$(cat "$dir/$label.pin")" --so-pin "$(cat "$dir/$label.so-pin")" >/dev/null
	echo "token.sh: made token '$label' in $dir" >&2
fi

cat <<USE
export SOFTHSM2_CONF='$dir/softhsm2.conf'
export PKCS11_MODULE='$module'
export PKCS11_TOKEN='$label'
export PKCS11_PIN_FILE='$dir/$label.pin'
USE
