package webidentity

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The claims by which an issuer speaks of the session. Tags come in one object, or each as a claim
// of its own for issuers whose claims can't nest.
const (
	ofAWS          = "https://aws.amazon.com/"
	tagsClaim      = ofAWS + "tags"
	flatTags       = ofAWS + "tags/principal_tags/"
	flatTransitive = ofAWS + "tags/transitive_tag_keys"
	identityClaim  = ofAWS + "source_identity"
	rolesClaim     = ofAWS + "roles"
)

// MayTake refuses a role that the token is not for: an issuer may say which ones it is for, by the
// claim https://aws.amazon.com/roles, whatever the trust policy allows. They are compared letter by
// letter.
func (c *Claims) MayTake(roleARN string) error {
	if c.Roles == nil || slices.Contains(c.Roles, roleARN) {
		return nil
	}
	return errNotValidated.Because(errors.New("the token is for other roles"))
}

func (c *Claims) session(said claims) (err error) {
	if err := c.tags(said); err != nil {
		return errNotValidated.Because(err)
	}
	if _, ok := said[identityClaim]; ok {
		if c.SourceIdentity, err = said.text(identityClaim); err != nil {
			return err
		}
	}
	if _, ok := said[rolesClaim]; ok {
		c.Roles, err = said.texts(rolesClaim)
	}
	return err
}

// tags reads both forms. A token in which two tags differ in case alone says nothing certain.
func (c *Claims) tags(said claims) error {
	var nested struct {
		Tags       map[string]jsontext.Value `json:"principal_tags"`
		Transitive []string                  `json:"transitive_tag_keys"`
	}
	if value, ok := said[tagsClaim]; ok {
		if err := json.Unmarshal(value, &nested); err != nil {
			return err
		}
	}
	tags := nested.Tags
	if tags == nil {
		tags = map[string]jsontext.Value{}
	}
	for name, value := range said {
		key, ok := strings.CutPrefix(name, flatTags)
		if !ok {
			continue
		}
		if _, twice := tags[key]; twice {
			return fmt.Errorf("there are two tags %q", key)
		}
		tags[key] = value
	}
	c.TransitiveTagKeys = nested.Transitive
	if _, ok := said[flatTransitive]; ok {
		more, err := said.texts(flatTransitive)
		if err != nil {
			return err
		}
		c.TransitiveTagKeys = append(c.TransitiveTagKeys, more...)
	}
	return c.setTags(tags)
}

func (c *Claims) setTags(tags map[string]jsontext.Value) error {
	sorted := slices.Sorted(maps.Keys(tags))
	for i, key := range sorted {
		one, err := claims(tags).texts(key)
		if err != nil || len(one) != 1 {
			return fmt.Errorf("the tag %q has not one value", key)
		}
		if contains(sorted[:i], key) {
			return fmt.Errorf("there are two tags %q", key)
		}
		if c.SessionTags == nil {
			c.SessionTags = map[string]string{}
		}
		c.SessionTags[key] = one[0]
	}
	return nil
}

// contains reports whether a name is in a list, whatever its case: as conditions compare names.
func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, name) })
}
