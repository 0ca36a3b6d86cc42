package postgres

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"

	"claviger/secrets/rotation/rotator"
)

const (
	usualRounds = 4096 // SCRAM_SHA_256_DEFAULT_ITERATIONS of PostgreSQL
	mostRounds  = 1_000_000
	saltLength  = 16 // SCRAM_DEFAULT_SALT_LEN

	scram = "scram-sha-256"
)

// verifier returns what a server keeps of a password by its setting password_encryption. A
// statement may have it in the password's place ("ALTER ROLE" of PostgreSQL's reference), so that
// logs, pg_stat_activity and whoever listens to a plain connection get a salted hash.
//
// What it costs: a server's own rules for passwords (passwordcheck) can't look into it. The rules
// of the rotator stand for them.
func verifier(method, rounds, user, password string) (string, error) {
	if method != scram {
		return "md5" + md5Of(password+user), nil // md5, and before version 10 on and off
	}
	n := usualRounds
	if rounds != "" {
		var err error
		if n, err = strconv.Atoi(rounds); err != nil || n < 1 || n > mostRounds {
			// Nothing ends a hash before its time: a server may not have one made without end.
			return "", rotator.Errorf(rotator.BadAnswer,
				"the server's scram_iterations is no number from 1 to %d", mostRounds)
		}
	}
	salt := make([]byte, saltLength)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	return scramOf(password, salt, n)
}

// scramOf is the stored form of RFC 5803, section 2, by the keys of RFC 5802, section 3. The
// password is its own SASLprep: see [settable].
func scramOf(password string, salt []byte, rounds int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", err
	}
	client := sha256.Sum256(mac(salted, "Client Key"))
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, text(salt), text(client[:]),
		text(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// md5Of is the form of servers that keep no better: nothing here relies on MD5.
func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// settable tells whether a password is of printing ASCII, as those that rules make always are. On
// others SASLprep works (RFC 4013), and servers and drivers differ in how: what is set by one could
// be refused by the other.
func settable(password string) bool {
	for _, c := range []byte(password) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
