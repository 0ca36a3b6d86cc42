// Package pin reads a PIN from what people keep it in. A device counts wrong PINs and locks after a
// few, and what an editor or a shell has added makes a right one wrong: so it is taken off, or
// named, before any PIN is tried. Files, environment variables, credentials and the passwords of
// custom key stores all come through here.
package pin

import (
	"bytes"
	"errors"
	"unicode"
	"unicode/utf8"
)

// What makes a PIN one that is not tried. The texts follow the name of where it came from, and have
// nothing of the PIN.
var (
	ErrEmpty   = errors.New("is empty")
	ErrMark    = errors.New("begins with a byte order mark: save it as plain text without one")
	ErrBlank   = errors.New("begins or ends in a blank, which hardly belongs to the PIN")
	ErrControl = errors.New("has several lines or a control character")
)

// marks are the byte order marks of UTF-8 and of both kinds of UTF-16.
var marks = [][]byte{{0xEF, 0xBB, 0xBF}, {0xFF, 0xFE}, {0xFE, 0xFF}}

// Read returns the PIN in text without the one line end behind it, LF or CR LF, or one of this
// package's errors. What it returns is a part of text.
func Read(text []byte) ([]byte, error) {
	for _, mark := range marks {
		if bytes.HasPrefix(text, mark) {
			return nil, ErrMark
		}
	}
	if before, ended := bytes.CutSuffix(text, []byte("\n")); ended {
		text = bytes.TrimSuffix(before, []byte("\r"))
	}
	first, _ := utf8.DecodeRune(text)
	last, _ := utf8.DecodeLastRune(text)
	switch {
	case len(text) == 0:
		return nil, ErrEmpty
	case bytes.ContainsFunc(text, unicode.IsControl):
		return nil, ErrControl
	case unicode.IsSpace(first), unicode.IsSpace(last):
		return nil, ErrBlank
	}
	return text, nil
}
