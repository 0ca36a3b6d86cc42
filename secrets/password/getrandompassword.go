// Package password makes passwords of the token's random numbers, and other texts that nobody can
// guess.
package password

import (
	"context"
	"slices"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
)

// GetRandomPasswordInput says which characters to choose from. By default a password has 32
// characters, no space, and at least one of each other type.
type GetRandomPasswordInput struct {
	PasswordLength          *int64  `shape:"PasswordLengthType"`    // 1 to 4,096 characters
	ExcludeCharacters       *string `shape:"ExcludeCharactersType"` // of whatever type
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

// required returns the characters of each type of which a password has one by default, less those
// that are excluded one by one. The space is no such type: "at least one upper and lowercase
// letter, one number, and one punctuation", says AWS.
func (in GetRandomPasswordInput) required() (types []string) {
	for _, t := range []struct {
		characters string
		out        bool
	}{
		{lowercase, domain.Or(in.ExcludeLowercase, false)},
		{uppercase, domain.Or(in.ExcludeUppercase, false)},
		{numbers, domain.Or(in.ExcludeNumbers, false)},
		{punctuation, domain.Or(in.ExcludePunctuation, false)},
	} {
		if !t.out {
			types = append(types, without(t.characters, domain.Or(in.ExcludeCharacters, "")))
		}
	}
	return types
}

// space returns the space if it is included.
func (in GetRandomPasswordInput) space() string {
	if !domain.Or(in.IncludeSpace, false) {
		return ""
	}
	return without(" ", domain.Or(in.ExcludeCharacters, ""))
}

// alphabet returns all characters that a password is made of.
func (in GetRandomPasswordInput) alphabet() string {
	return strings.Join(in.required(), "") + in.space()
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

func (in GetRandomPasswordInput) length() int {
	return int(domain.Or(in.PasswordLength, usualLength))
}

func (in GetRandomPasswordInput) requiresEach() bool {
	return domain.Or(in.RequireEachIncludedType, true)
}

var (
	errNothingLeft   = invalidParameter("All characters have been excluded from selection.")
	errTypeExcluded  = invalidParameter("All characters of the desired type have been excluded.")
	errShortPassword = invalidParameter("Password length is too short based on the required types.")
)

func invalidParameter(message string) error {
	return fault.New(fault.Invalid, "InvalidParameterException", message)
}

// Validate refuses what leaves nothing to choose from.
func (in GetRandomPasswordInput) Validate() error {
	types := in.required()
	switch {
	case in.alphabet() == "":
		return errNothingLeft
	case !in.requiresEach():
		return nil
	case slices.Contains(types, ""):
		return errTypeExcluded
	case in.length() < len(types):
		return errShortPassword
	}
	return nil
}

// GetRandomPasswordOutput is the password, which is kept nowhere.
type GetRandomPasswordOutput struct{ RandomPassword string }

// Random draws n random bytes from the token.
type Random interface {
	Random(ctx context.Context, n int) ([]byte, error)
}

// Operation makes the operation. The password passes through this process by AWS's contract, and
// stays nowhere.
func Operation(n op.Info, from Random) op.Operation {
	return domain.ReadAccount(n, func(c *op.Call,
		in GetRandomPasswordInput) (out GetRandomPasswordOutput, err error) {
		out.RandomPassword, err = Make(c, in, from)
		return out, err
	})
}

// Make makes a password by rules, for those who need one and are no request.
func Make(ctx context.Context, rules GetRandomPasswordInput, from Random) (string, error) {
	if err := rules.Validate(); err != nil {
		return "", err
	}
	return rules.draw(&Uniform{Read: func(n int) ([]byte, error) { return from.Random(ctx, n) }})
}

// draw makes a password: every character from all that are included. If each type is required, one
// of each is put over what stands at as many different places, so that no place betrays its type.
// There is a space too if the password has room for one beside them.
func (in GetRandomPasswordInput) draw(u *Uniform) (string, error) {
	text, err := u.Text(in.alphabet(), in.length())
	if err != nil || !in.requiresEach() {
		return text, err
	}
	types := in.required()
	if in.space() != "" && len(types) < in.length() {
		types = append(types, in.space())
	}
	password, taken := []byte(text), map[int]bool{}
	for _, t := range types {
		at, err := u.below(len(password))
		for err == nil && taken[at] {
			at, err = u.below(len(password))
		}
		if err != nil {
			return "", err
		}
		one, err := u.Text(t, 1)
		if err != nil {
			return "", err
		}
		taken[at], password[at] = true, one[0]
	}
	return string(password), nil
}
