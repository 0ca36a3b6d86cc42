package password

import (
	"crypto/rand"
	"errors"
	"math"
	"strings"
	"testing"

	"claviger/internal/fault"
)

func fair() *Uniform {
	return &Uniform{Read: func(n int) ([]byte, error) {
		b := make([]byte, n)
		rand.Read(b)
		return b, nil
	}}
}

func ptr[T any](v T) *T { return &v }

const all = lowercase + uppercase + numbers + punctuation

func TestGetRandomPassword_Options_AreKept(t *testing.T) {
	each := []string{lowercase, uppercase, numbers, punctuation}
	for name, test := range map[string]struct {
		in        GetRandomPasswordInput
		length    int
		alphabet  string
		eachOneOf []string
	}{
		"usual": {GetRandomPasswordInput{}, 32, all, each},
		"shortest": {GetRandomPasswordInput{PasswordLength: ptr[int64](4)},
			4, all, each},
		"spaces": {GetRandomPasswordInput{PasswordLength: ptr[int64](5), IncludeSpace: ptr(true)},
			5, all + " ", append(each, " ")},
		"spaces, no room": {GetRandomPasswordInput{PasswordLength: ptr[int64](4),
			IncludeSpace: ptr(true)},
			4, all, each},
		"spaces alone": {GetRandomPasswordInput{PasswordLength: ptr[int64](3),
			IncludeSpace: ptr(true), ExcludeLowercase: ptr(true), ExcludeUppercase: ptr(true),
			ExcludeNumbers: ptr(true), ExcludePunctuation: ptr(true)},
			3, " ", []string{" "}},
		"longest": {GetRandomPasswordInput{PasswordLength: ptr[int64](4096)},
			4096, all, nil},
		"digits": {GetRandomPasswordInput{ExcludeLowercase: ptr(true), ExcludeUppercase: ptr(true),
			ExcludePunctuation: ptr(true)},
			32, numbers, []string{numbers}},
		"excluded": {GetRandomPasswordInput{ExcludeCharacters: ptr("abc\"'\\0ä")},
			32, without(all, "abc\"'\\0"), nil},
		"one": {GetRandomPasswordInput{PasswordLength: ptr[int64](1),
			RequireEachIncludedType: ptr(false)},
			1, all, nil},
		"type gone": {GetRandomPasswordInput{ExcludeCharacters: ptr(numbers),
			RequireEachIncludedType: ptr(false)},
			32, lowercase + uppercase + punctuation, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.in.Validate(); err != nil {
				t.Fatal(err)
			}
			for range 200 {
				p, err := test.in.draw(fair())
				if err != nil || len(p) != test.length || strings.Trim(p, test.alphabet) != "" {
					t.Fatalf("%q, %v", p, err)
				}
				for _, of := range test.eachOneOf {
					if !strings.ContainsAny(p, of) {
						t.Fatalf("%q has none of %q", p, of)
					}
				}
			}
		})
	}
}

func TestGetRandomPassword_NothingToChoose_IsRefused(t *testing.T) {
	for want, in := range map[string]GetRandomPasswordInput{
		"Password length is too short based on the required types.": {
			PasswordLength: ptr[int64](3)},
		"All characters have been excluded from selection.": {
			ExcludeLowercase: ptr(true), ExcludeUppercase: ptr(true), ExcludePunctuation: ptr(true),
			ExcludeNumbers: ptr(true), RequireEachIncludedType: ptr(false)},
		"All characters of the desired type have been excluded.": {
			ExcludeCharacters: ptr(numbers)},
	} {
		err := in.Validate()
		if fault.Of(err).Code != "InvalidParameterException" || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestGetRandomPassword_TokenAway_IsNoPassword(t *testing.T) {
	gone := errors.New("gone")
	u := &Uniform{Read: func(int) ([]byte, error) { return nil, gone }}
	if p, err := (GetRandomPasswordInput{}).draw(u); p != "" || !errors.Is(err, gone) {
		t.Errorf("%q, %v", p, err)
	}
}

// The source counts through all bytes, so that an even choice comes out exactly even.
func TestUniform_CountingSource_IsExactlyEven(t *testing.T) {
	at := 0
	u := &Uniform{Read: func(n int) ([]byte, error) {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(at)
			at++
		}
		return b, nil
	}}
	count := map[byte]int{}
	const rounds = 94 * 2 * 20 // 188 of 256 bytes are fair for 94 characters
	text, err := u.Text(all, rounds)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(text) {
		count[text[i]]++
	}
	for c, n := range count {
		if n != rounds/94 {
			t.Errorf("%q was drawn %d times, want %d", c, n, rounds/94)
		}
	}
}

// A chi-squared test over the positions: a type that is required must not betray where it stands.
func TestGetRandomPassword_RequiredTypes_StandAnywhere(t *testing.T) {
	const length, rounds = 8, 8000
	in := GetRandomPasswordInput{PasswordLength: ptr[int64](length), ExcludeUppercase: ptr(true),
		ExcludePunctuation: ptr(true)}
	var digits [length]float64
	total := 0.0
	for range rounds {
		p, err := in.draw(fair())
		if err != nil {
			t.Fatal(err)
		}
		for i := range p {
			if strings.ContainsRune(numbers, rune(p[i])) {
				digits[i]++
				total++
			}
		}
	}
	chi := 0.0
	for _, n := range digits {
		chi += math.Pow(n-total/length, 2) / (total / length)
	}
	if chi > 40 { // 7 degrees of freedom: once in about a million
		t.Errorf("digits by position: %v", digits)
	}
}
