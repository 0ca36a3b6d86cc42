package parameter

import (
	"crypto/sha256"
	"strings"

	"claviger/parameters/ssmfault"
)

// CheckText refuses a value that refers to another parameter: nobody resolves it.
func CheckText(value string) error {
	if i := strings.Index(value, "{{"); i >= 0 && strings.Contains(value[i:], "}}") {
		return ssmfault.Nested
	}
	return nil
}

// DigestOf is what stands for a value in the signed part of its row.
func DigestOf(rests []byte) []byte {
	d := sha256.Sum256(rests)
	return d[:]
}
