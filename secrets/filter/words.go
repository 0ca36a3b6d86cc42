package filter

import (
	"slices"
	"strings"
	"unicode"
)

// haveWords reports whether each of wanted begins a word of one attribute. All have to be in the
// same one, as AWS's announcement of the search has it ("includes both in the same field"). The
// first word that does not sort before another begins with it, if any does. A value without a word
// finds nothing.
func haveWords(words, wanted []string) bool {
	return len(wanted) > 0 && !slices.ContainsFunc(wanted, func(word string) bool {
		i, _ := slices.BinarySearch(words, word)
		return i == len(words) || !strings.HasPrefix(words[i], word)
	})
}

// splitWords splits a text at whatever is neither letter nor digit, and where a capital begins a
// word: behind a small letter or a digit, or before a small letter (COMPANYthings is COMPAN and
// Ythings). The words come in lower case, in order and once each.
func splitWords(s string) (words []string) {
	runes := []rune(s)
	begin := 0
	end := func(at int) {
		if begin < at {
			words = append(words, strings.ToLower(string(runes[begin:at])))
		}
		begin = at
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end(i)
			begin = i + 1
		case i > begin && unicode.IsUpper(r) && beginsWord(runes, i):
			end(i)
		}
	}
	end(len(runes))
	slices.Sort(words)
	return slices.Compact(words)
}

// beginsWord reports whether the capital at i, which isn't the first of its run, begins a word.
func beginsWord(runes []rune, i int) bool {
	next := i + 1
	return !unicode.IsUpper(runes[i-1]) || next < len(runes) && unicode.IsLower(runes[next])
}
