package pin

import (
	"errors"
	"testing"
)

func TestRead_LineEnd_IsTakenOffOnce(t *testing.T) {
	for text, want := range map[string]string{
		"1234": "1234", "1234\n": "1234", "1234\r\n": "1234", "a b c\r\n": "a b c",
		"\xff\x80 is no text\n": "\xff\x80 is no text", "pässwort\r\n": "pässwort",
	} {
		if got, err := Read([]byte(text)); string(got) != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestRead_WhatAnEditorAdds_IsNamed(t *testing.T) {
	for text, want := range map[string]error{
		"": ErrEmpty, "\n": ErrEmpty, "\r\n": ErrEmpty,
		"\xef\xbb\xbf1234\r\n": ErrMark, "\xff\xfe1\x002\x00": ErrMark, "\xfe\xff\x001\x002": ErrMark,
		"1234 ": ErrBlank, "1234 \r\n": ErrBlank, " 1234\n": ErrBlank, "1234\u00a0\n": ErrBlank,
		"  \n":   ErrBlank,
		"1234\t": ErrControl, "1234\n\n": ErrControl, "1234\r\n\r\n": ErrControl, "12\n34\n": ErrControl,
		"1234\r": ErrControl, "12\x0034": ErrControl, "1234\r\r\n": ErrControl, "\n1234": ErrControl,
	} {
		if got, err := Read([]byte(text)); got != nil || !errors.Is(err, want) {
			t.Errorf("%q: %q, %v, want %v", text, got, err, want)
		}
	}
}
