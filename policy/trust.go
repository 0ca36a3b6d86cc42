package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// trustActions are all that a trust policy may speak of, in small letters.
var trustActions = []string{"sts:assumerole", "sts:assumerolewithwebidentity",
	"sts:assumerolewithsaml", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext"}

// ParseTrust reads the trust policy of a role: who may assume it. It has principals and no
// resources, as it is about the role that it belongs to. Its texts are those of CreateRole.
func ParseTrust(text string) (*Document, error) {
	raw, err := decode(text)
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(err, &syntax) || !isPrintable(text) {
		return nil, Malformed("This policy contains invalid Json")
	}
	if err != nil {
		return nil, errSyntax
	}
	if len(raw.Statement) == 0 {
		return nil, Malformed("Could not parse the policy: Statement is empty!")
	}
	if err := raw.checkSyntax(); err != nil {
		return nil, err
	}
	for _, s := range raw.Statement {
		if err := s.checkTrust(); err != nil {
			return nil, err
		}
	}
	if err := raw.checkLegacy(); err != nil {
		return nil, err
	}
	d, err := raw.document(false)
	if err != nil {
		return nil, errSyntax
	}
	return d, nil
}

func (r *rawStatement) checkTrust() error {
	who := r.Principal
	if who == nil {
		who = r.NotPrincipal
	}
	switch {
	case who == nil:
		return Malformed("Missing required field Principal")
	case who.isEmpty():
		return Malformed("Missing required field Principal cannot be empty!")
	case r.Resource != nil || r.NotResource != nil:
		return Malformed("Has prohibited field Resource")
	case r.NotPrincipal != nil && strings.EqualFold(string(r.Effect), Allow):
		return Malformed("Allow with NotPrincipal is not allowed.")
	case len(r.Action)+len(r.NotAction) == 0:
		return errActions
	case r.NotAction != nil || slices.ContainsFunc(r.Action, func(a word) bool {
		return !slices.Contains(trustActions, strings.ToLower(string(a)))
	}):
		return Malformed("AssumeRole policy may only specify STS AssumeRole actions.")
	}
	kind, name := who.invalid()
	if i := slices.IndexFunc(who.AWS, IsUniqueID); kind == "" && i >= 0 {
		kind, name = "AWS", who.AWS[i]
	}
	if kind != "" {
		return InvalidTrust(kind, name)
	}
	return nil
}

// InvalidTrust says that a trust policy names somebody who can't be: there is nobody of the name,
// or it is none. Kind is AWS, SERVICE or FEDERATED.
func InvalidTrust(kind, name string) Malformed {
	return Malformed(fmt.Sprintf("Invalid principal in policy: %q:%q", kind, name))
}
