package policy

// ParseResource is [Parse] for resource policies of services that AWS's own words are not known of.
// What it refuses beyond it takes effect nowhere, or is not what it looks like.
func ParseResource(text string) (*Document, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if raw, err := decode(text); err != nil || !isPrintable(text) || raw.checkLegacy() != nil {
		return nil, errSyntax
	}
	return d, nil
}
