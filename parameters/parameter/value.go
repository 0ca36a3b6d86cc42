package parameter

import (
	"crypto/sha256"
	"regexp"
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

// image is the ID of an Amazon Machine Image, of the old length or the present one.
var image = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)

// CheckDataType holds a value of p to what p's data type says of types, names and values. Whether
// there is such an image is asked of nobody.
func (p *Parameter) CheckDataType(value string) error {
	switch p.DataType {
	case Text:
		return nil
	case Image:
		if p.Type != String {
			return ssmfault.DataTypeOf(Image, p.Type)
		}
		if !image.MatchString(value) {
			return ssmfault.NoImage
		}
		return nil
	case Integration:
		if p.Type != SecureString {
			return ssmfault.DataTypeOf(Integration, p.Type)
		}
		name, ok := strings.CutPrefix(p.Name, ssmfault.Integrations)
		if !ok || name == "" {
			return ssmfault.NoIntegration
		}
		return nil
	}
	return ssmfault.BadDataType(p.DataType)
}

// Items are what AllowedPattern is held against: the whole value, or of a StringList what the
// commas divide. Behind the last item commas divide nothing more, as people found who tried to
// forbid them.
func (p *Parameter) Items(value string) []string {
	if p.Type != StringList {
		return []string{value}
	}
	value = strings.TrimRight(value, ",")
	if value == "" {
		return nil
	}
	return strings.Split(value, ",")
}

// DigestOf is what stands for a value in the signed part of its row.
func DigestOf(rests []byte) []byte {
	d := sha256.Sum256(rests)
	return d[:]
}
