package pattern

import "bytes"

// mostStars is EventBridge's bound for one operator. AWS weighs how often what is between them
// repeats, too; six were refused as too complex.
const mostStars = 5

// wild cuts a wildcard text at its stars. Each part is literal; without a star there is one.
func (c *compiler) wild(text string) ([][]byte, error) {
	var parts [][]byte
	var part []byte
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*':
			if i+1 < len(text) && text[i+1] == '*' {
				// AWS counts from the quote before the text.
				return nil, c.fail("Consecutive wildcard characters at pos %d", i+1)
			}
			parts = append(parts, part)
			part = nil
		case '\\':
			if i+1 >= len(text) || text[i+1] != '*' && text[i+1] != '\\' {
				return nil, c.fail("Invalid escape character at pos %d", i+1)
			}
			i++
			part = append(part, text[i])
		default:
			part = append(part, text[i])
		}
	}
	most := mostStars
	if c.dialect != EventBridge {
		most = mostSNSWildcards
	}
	if len(parts) > most {
		return nil, &Error{Reason: "Rule is too complex - try using fewer wildcard " +
			"characters or fewer repeating character sequences after a wildcard character"}
	}
	return append(parts, part), nil
}

// wild is texts that have the parts in their order: the first at their beginning, the last at their
// end.
type wild [][]byte

func (w wild) matches(v *value) bool {
	if v.kind != str {
		return false
	}
	if len(w) == 1 {
		return bytes.Equal(v.text, w[0])
	}
	first, last := w[0], w[len(w)-1]
	rest, ok := bytes.CutPrefix(v.text, first)
	if !ok {
		return false
	}
	// The leftmost place of each part leaves the most to those behind it.
	for _, part := range w[1 : len(w)-1] {
		i := bytes.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return bytes.HasSuffix(rest, last)
}
