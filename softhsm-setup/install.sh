#!/bin/sh
# install.sh [--check] [softhsm2|awscli|boto3|psycopg2|opensc|curl|postgresql|mariadb|redis|shellcheck|mmdebstrap|cc|make]...
#
# Installs what is named, SoftHSM2 when nothing is, with the platform's own package manager. It says what it is
# about to do before it does it, asks nothing, does nothing twice, and is silent when there is nothing to do.
#
# It ends with 0 when everything named is there, with 1 when something could not be installed (the reason and the
# command to give by hand are on standard error), and with 3 when this platform has no package of it. With --check it
# installs nothing, says nothing, and ends with 0 or 1.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

say() { printf '%s\n' "softhsm-setup: $*" >&2; }

# plugins is where Debian's MariaDB looks for its plugins.
plugins=/usr/lib/mysql/plugin

# imports PYTHON MODULES: does this Python have them all?
imports() { "$1" -c "import $2" >/dev/null 2>&1; }

# present THING: is it here already?
present() {
	case $1 in
	softhsm2) command -v softhsm2-util >/dev/null 2>&1 && "$here/find.sh" >/dev/null ;;
	awscli) command -v aws >/dev/null 2>&1 ;;
	boto3) imports python3 boto3 ;;
	# It is needed beside boto3, in one Python. Debian's python3 may not be the first one, and has what its packages bring.
	psycopg2) imports python3 boto3,psycopg2 || imports /usr/bin/python3 boto3,psycopg2 ;;
	opensc) command -v pkcs11-tool >/dev/null 2>&1 ;;
	curl | make | mmdebstrap) command -v "$1" >/dev/null 2>&1 ;;
	shellcheck) command -v shellcheck >/dev/null 2>&1 ;;
	# Debian keeps the server's programs out of PATH, by version.
	postgresql) command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
	# In Debian the client, mariadb, is a package of its own, and plugins are in that of the service.
	mariadb)
		command -v mariadb >/dev/null 2>&1 &&
			{ command -v mariadbd >/dev/null 2>&1 || [ -x /usr/sbin/mariadbd ] || [ -x /usr/libexec/mariadbd ]; } &&
			{ ! command -v dpkg-deb >/dev/null 2>&1 || [ -e "$plugins/auth_ed25519.so" ]; }
		;;
	redis) command -v redis-server >/dev/null 2>&1 ;;
	# A compiler without the C library's headers is no use to cgo: one is read to see. CC may hold options, hence sh.
	cc) echo '#include <stdlib.h>' | sh -c "${CC:-$(go env CC)} -E -" >/dev/null 2>&1 ;;
	*)
		say "don't know '$1'. Known are softhsm2, awscli, boto3, psycopg2, opensc, curl, postgresql, mariadb, redis, shellcheck, mmdebstrap, cc and make."
		exit 1
		;;
	esac
}

# manager prints the name of the package manager that rules here. Homebrew comes last: on Linux it is a guest.
manager() {
	for m in apt-get dnf zypper pacman apk brew; do
		if command -v "$m" >/dev/null 2>&1; then
			echo "$m"
			return
		fi
	done
}

# packages MANAGER THING prints the packages that hold THING there.
packages() {
	case $1:$2 in
	apt-get:softhsm2) echo softhsm2 ;;
	*:softhsm2) echo softhsm ;;
	dnf:awscli) echo awscli2 ;;
	apk:awscli | pacman:awscli) echo aws-cli ;;
	zypper:awscli) echo aws-cli ;;
	*:awscli) echo awscli ;;
	pacman:boto3) echo python-boto3 ;;
	apk:boto3) echo py3-boto3 ;;
	*:boto3) echo python3-boto3 ;;
	pacman:psycopg2) echo python-psycopg2 python-boto3 ;;
	apk:psycopg2) echo py3-psycopg2 py3-boto3 ;;
	*:psycopg2) echo python3-psycopg2 python3-boto3 ;;
	dnf:shellcheck | zypper:shellcheck) echo ShellCheck ;;
	*:shellcheck) echo shellcheck ;;
	apt-get:postgresql) echo postgresql ;;
	dnf:postgresql | zypper:postgresql) echo postgresql-server ;;
	*:postgresql) echo postgresql ;;
	# Debian's mariadb-server and redis-server start a service. The programs alone are in these.
	apt-get:mariadb) echo mariadb-server-core mariadb-client-core ;;
	dnf:mariadb) echo mariadb-server ;;
	*:mariadb) echo mariadb ;;
	apt-get:redis) echo redis-tools ;;
	*:redis) echo redis ;;
	apt-get:cc) echo gcc libc6-dev ;;
	dnf:cc) echo gcc glibc-devel ;;
	zypper:cc) echo gcc glibc-devel ;;
	apk:cc) echo gcc musl-dev ;;
	*:cc) echo gcc ;;
	*:curl | *:make | *:opensc | *:mmdebstrap) echo "$2" ;;
	esac
}

# known MANAGER PACKAGE: does the platform have such a package? Only apt-get's lists may be empty on a fresh
# machine; the others fetch theirs when they install.
known() {
	[ "$1" != apt-get ] || [ -n "$(apt-cache madison "$2" 2>/dev/null)" ]
}

# command_for MANAGER PACKAGE... prints the command that installs them without a question.
command_for() {
	m=$1
	shift
	case $m in
	apt-get) echo "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $*" ;;
	dnf) echo "dnf install -y $*" ;;
	zypper) echo "zypper --non-interactive install --no-recommends $*" ;;
	pacman) echo "pacman -S --noconfirm --needed $*" ;;
	apk) echo "apk add $*" ;;
	brew) echo "brew install $*" ;;
	esac
}

# as_root runs a command with the rights to install: ours, or sudo's. Without a terminal sudo may not ask for a
# password, so that a script that can't be answered ends and does not hang.
as_root() {
	if [ "$pm" = brew ] || [ "$(id -u)" = 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

# Debian's package of PostgreSQL makes a cluster and starts it, unless this file says otherwise.
no_cluster=/etc/postgresql-common/createcluster.d/claviger-install.conf

# prepare MANAGER THING keeps a package from starting a service.
prepare() {
	case $1:$2 in
	apt-get:postgresql)
		as_root mkdir -p "${no_cluster%/*}"
		echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
		;;
	esac
}

# settle MANAGER THING undoes prepare, and puts in place what the package doesn't.
settle() {
	case $1:$2 in
	apt-get:postgresql) as_root rm -f "$no_cluster" ;;
	apt-get:mariadb)
		# Tests ask for two plugins. The package that has them would start a service: it is unpacked, and not installed.
		if ! present mariadb; then
			unpacked=$(mktemp -d)
			(cd "$unpacked" && apt-get download -q mariadb-server >&2 && dpkg-deb -x ./*.deb .) &&
				as_root install -D -m 644 -t "$plugins" "$unpacked$plugins/auth_ed25519.so" \
					"$unpacked$plugins/simple_password_check.so"
			rm -rf "$unpacked"
		fi
		;;
	apt-get:redis)
		# One program is server and tool, by the name it is called by. redis-tools has it by the tool's.
		if ! present redis && [ -x /usr/bin/redis-check-rdb ]; then
			as_root ln -s /usr/bin/redis-check-rdb /usr/local/bin/redis-server
		fi
		;;
	esac
}

# each FUNCTION does it for everything that is missing.
each() {
	for thing in $missing; do
		"$1" "$pm" "$thing"
	done
}

# refuse says which command a person has to give, and ends.
refuse() {
	say "$1"
	say "Run this as root, then come back:"
	printf '    %s\n' "$install" >&2
	exit 1
}

check=
if [ "${1-}" = --check ]; then
	check=yes
	shift
fi

missing=
for thing in "${@:-softhsm2}"; do
	present "$thing" || missing="$missing $thing"
done
[ -n "$missing" ] || exit 0
[ -z "$check" ] || exit 1

pm=$(manager)
if [ -z "$pm" ]; then
	say "missing:$missing. None of apt-get, dnf, zypper, pacman, apk and brew is here: please install by hand."
	exit 3
fi

wanted=
for thing in $missing; do
	wanted="$wanted $(packages "$pm" "$thing")"
done
# shellcheck disable=SC2086 # the lists are words on purpose
install=$(command_for "$pm" $wanted)

if [ "$pm" != brew ] && [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
	refuse "missing:$missing. Installing needs root, and there is no sudo here."
fi
if [ "$pm" != brew ] && [ "$(id -u)" != 0 ] && [ ! -t 0 ] && ! sudo -n true 2>/dev/null; then
	refuse "missing:$missing. sudo wants a password, and there is no terminal to ask for it."
fi

# update reads apt-get's package lists, once.
updated=
update() {
	updated=yes
	say "reading the package lists (apt-get update)"
	as_root apt-get update -q >&2 || say "apt-get update failed; going on with the lists that are here"
}

if [ "$pm" = apt-get ]; then
	for package in $wanted; do
		[ -n "$updated" ] || known "$pm" "$package" || update
		if ! known "$pm" "$package"; then
			say "this platform's package lists have no '$package': please install it by hand."
			exit 3
		fi
	done
fi

say "installing$missing: $install"
trap 'each settle' EXIT
each prepare
# shellcheck disable=SC2086 # the command is words on purpose
if ! as_root $install >&2; then
	# Lists that are there may be so old that the mirror has dropped what they name.
	if [ "$pm" != apt-get ] || [ -n "$updated" ]; then
		refuse "installing failed (see above)."
	fi
	update
	as_root $install >&2 || refuse "installing failed (see above)."
fi

trap - EXIT
each settle
for thing in $missing; do
	if ! present "$thing"; then
		say "the packages are installed, but $thing can't be found all the same."
		exit 1
	fi
done
