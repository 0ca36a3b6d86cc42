package secrets

import (
	"strings"

	"claviger/internal/op"
)

// GetRandomPasswordInput is GetRandomPasswordRequest of AWS. By default a password has 32 characters, no space, and at
// least one of each other type.
type GetRandomPasswordInput struct {
	PasswordLength          *int64  `shape:"PasswordLengthType"`    // 1 to 4,096 characters
	ExcludeCharacters       *string `shape:"ExcludeCharactersType"` // each of them, of whatever type
	ExcludeNumbers          *bool   `shape:"ExcludeNumbersType"`
	ExcludePunctuation      *bool   `shape:"ExcludePunctuationType"`
	ExcludeUppercase        *bool   `shape:"ExcludeUppercaseType"`
	ExcludeLowercase        *bool   `shape:"ExcludeLowercaseType"`
	IncludeSpace            *bool   `shape:"IncludeSpaceType"`
	RequireEachIncludedType *bool   `shape:"RequireEachIncludedTypeType"`
}

// The types of characters, as the API reference lists them.
const (
	lowercase   = "abcdefghijklmnopqrstuvwxyz"
	uppercase   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numbers     = "0123456789"
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

const usualLength = 32

// types returns the characters of each type that is included, less those that are excluded one by one.
func (in GetRandomPasswordInput) types() (types []string) {
	for _, t := range []struct {
		characters string
		out        bool
	}{
		{lowercase, or(in.ExcludeLowercase, false)},
		{uppercase, or(in.ExcludeUppercase, false)},
		{numbers, or(in.ExcludeNumbers, false)},
		{punctuation, or(in.ExcludePunctuation, false)},
		{" ", !or(in.IncludeSpace, false)},
	} {
		if !t.out {
			types = append(types, without(t.characters, or(in.ExcludeCharacters, "")))
		}
	}
	return types
}

// without returns characters less those in excluded.
func without(characters, excluded string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(excluded, r) {
			return -1
		}
		return r
	}, characters)
}

func (in GetRandomPasswordInput) length() int        { return int(or(in.PasswordLength, usualLength)) }
func (in GetRandomPasswordInput) requiresEach() bool { return or(in.RequireEachIncludedType, true) }

// Validate refuses what leaves nothing to choose from.
func (in GetRandomPasswordInput) Validate() error {
	types := in.types()
	if strings.Join(types, "") == "" {
		return invalidParameter("All characters have been excluded from selection.")
	}
	if !in.requiresEach() {
		return nil
	}
	for _, t := range types {
		if t == "" {
			return invalidParameter("All characters of the desired type have been excluded.")
		}
	}
	if in.length() < len(types) {
		return invalidParameter("Password length is too short based on the required types.")
	}
	return nil
}

// GetRandomPasswordOutput is GetRandomPasswordResponse of AWS.
type GetRandomPasswordOutput struct{ RandomPassword string }

func (s *Secrets) findPassword(*op.Call, GetRandomPasswordInput) (account, error) {
	return account{[]string{"GetRandomPassword"}}, nil
}

// getRandomPassword draws on the token. The password passes through this process by AWS's contract, and stays nowhere.
func (s *Secrets) getRandomPassword(c *op.Call, in GetRandomPasswordInput, _ account) (GetRandomPasswordOutput, error) {
	d := &dice{read: func(n int) ([]byte, error) { return s.random.Random(c, n) }}
	password, err := in.draw(d)
	return GetRandomPasswordOutput{password}, err
}

// draw makes a password: every character from all that are included and, if each type is required, one of each
// type put over what stands at as many different places.
func (in GetRandomPasswordInput) draw(d *dice) (string, error) {
	types := in.types()
	text, err := d.text(strings.Join(types, ""), in.length())
	if err != nil || !in.requiresEach() {
		return text, err
	}
	password, taken := []byte(text), map[int]bool{}
	for _, t := range types {
		at, err := d.below(len(password))
		for err == nil && taken[at] {
			at, err = d.below(len(password))
		}
		if err != nil {
			return "", err
		}
		one, err := d.text(t, 1)
		if err != nil {
			return "", err
		}
		taken[at], password[at] = true, one[0]
	}
	return string(password), nil
}
