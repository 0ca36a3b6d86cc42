#!/bin/sh
# find.sh prints the path of SoftHSM2's PKCS#11 module, or fails without a word when there is none.
# SOFTHSM2_MODULE, if set, is looked at first: it is for a SoftHSM2 built by hand.
set -eu

prefixes="/usr /usr/local"
if command -v brew >/dev/null 2>&1; then
	prefixes="$prefixes $(brew --prefix)"
fi

for module in ${SOFTHSM2_MODULE:+"$SOFTHSM2_MODULE"}; do
	if [ -f "$module" ]; then
		echo "$module"
		exit 0
	fi
done
for prefix in $prefixes; do
	# Debian and Ubuntu; Fedora, its relatives and openSUSE; Arch and Alpine; Homebrew.
	for module in \
		"$prefix"/lib/softhsm/libsofthsm2.so \
		"$prefix"/lib/*/softhsm/libsofthsm2.so \
		"$prefix"/lib64/pkcs11/libsofthsm2.so \
		"$prefix"/lib64/softhsm/libsofthsm2.so \
		"$prefix"/lib/pkcs11/libsofthsm2.so \
		"$prefix"/lib/libsofthsm2.so; do
		if [ -f "$module" ]; then
			echo "$module"
			exit 0
		fi
	done
done
exit 1
