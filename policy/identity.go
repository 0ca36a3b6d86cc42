package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The sizes that IAM, KMS and Secrets Manager have for policies; see [Size].
const (
	ManagedLimit     = 6144 // of a managed policy
	UserInlineLimit  = 2048 // of all inline policies of a user
	GroupInlineLimit = 5120
	RoleInlineLimit  = 10240
	TrustLimit       = 2048
	SessionLimit     = 2048  // characters, white space included
	SecretLimit      = 20480 // likewise
)

// Size is how many characters of a text IAM counts: all but white space.
func Size(text string) (n int) {
	for _, r := range text {
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' {
			n++
		}
	}
	return n
}

// Identity policies in the words of IAM.
const (
	errSyntax  Malformed = "Syntax errors in policy."
	errLegacy  Malformed = "The policy failed legacy parsing"
	errVersion Malformed = "Policy document must be version 2012-10-17 or greater."
	errSIDForm Malformed = "Statement IDs (SID) must be alpha-numeric. Check that your input " +
		"satisfies the regular expression [0-9A-Za-z]*"
	errSIDTwice  Malformed = "Statement IDs (SID) in a single policy must be unique."
	errActions   Malformed = "Policy statement must contain actions."
	errResources Malformed = "Policy statement must contain resources."
	errPrincipal Malformed = "Policy document should not specify a principal."
)

// ParseManaged reads a managed policy: an identity policy or a permissions boundary. Its texts are
// those of CreatePolicy, and the first that applies in IAM's order is the error.
func ParseManaged(text string) (*Document, error) { return parseIdentity(text, true) }

// ParseInline reads an inline policy or a session policy, which may also be of the language's older
// version.
func ParseInline(text string) (*Document, error) { return parseIdentity(text, false) }

func parseIdentity(text string, managed bool) (*Document, error) {
	raw, err := decode(text)
	if err != nil || !isPrintable(text) {
		return nil, errSyntax
	}
	for _, s := range raw.Statement {
		// An operator that compares nothing may have any name.
		maps.DeleteFunc(s.Condition, func(_ string, tests map[string]many[scalar]) bool {
			return len(tests) == 0
		})
	}
	for _, check := range []func() error{
		raw.checkSyntax,
		func() error {
			if managed && raw.Version != Version2012 {
				return errVersion
			}
			return nil
		},
		raw.checkLegacy, raw.checkSIDs, raw.checkActionsGiven, raw.checkResources, raw.checkActions,
		raw.checkNoPrincipal, raw.checkResourcesGiven,
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	d, err := raw.document(false)
	if err != nil {
		return nil, errSyntax
	}
	return d, nil
}

// isPrintable reports whether a text holds only what documents may, the characters of Latin-1.
// A letter that looks like one of them is none. Control characters JSON has refused already.
func isPrintable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > 0xff }) < 0
}

func (raw *rawDocument) checkSyntax() error {
	if len(raw.Statement) == 0 ||
		raw.Version != "" && raw.Version != Version2008 && raw.Version != Version2012 {
		return errSyntax
	}
	for _, s := range raw.Statement {
		_, err := s.Condition.conditions()
		switch {
		case err != nil, !strings.EqualFold(string(s.Effect), Allow) &&
			!strings.EqualFold(string(s.Effect), Deny),
			s.Action != nil && s.NotAction != nil, s.Resource != nil && s.NotResource != nil:
			return errSyntax
		}
	}
	return nil
}

// checkLegacy refuses what the first version of the language had no name for: effects in another
// case, ARNs that end too early, and values that their operator can't read. IAM says so of dates;
// a network or a number that can't be read would never be met, and its Deny would deny nothing.
func (raw *rawDocument) checkLegacy() error {
	for _, s := range raw.Statement {
		if s.Effect != Allow && s.Effect != Deny {
			return errLegacy
		}
		for _, r := range slices.Concat(s.Resource, s.NotResource) {
			if strings.HasPrefix(string(r), "arn:") && strings.Count(string(r), ":") < segments-1 {
				return errLegacy
			}
		}
		conditions, _ := s.Condition.conditions()
		for i := range conditions {
			if !conditions[i].isReadable() {
				return errLegacy
			}
		}
	}
	return nil
}

// isReadable reports whether every value is of its operator's type.
func (c *Condition) isReadable() bool {
	t := c.compile(Version2012)
	if t.null || t.variables() || t.compare == byBool {
		return true
	}
	return !slices.ContainsFunc(t.operands, func(o operand) bool { return !o.known })
}

func (raw *rawDocument) checkSIDs() error {
	seen := map[word]bool{}
	for _, s := range raw.Statement {
		switch {
		case !consists(string(s.Sid), ""):
			return errSIDForm
		case s.Sid != "" && seen[s.Sid]:
			return errSIDTwice
		}
		seen[s.Sid] = true
	}
	return nil
}

func (raw *rawDocument) checkActionsGiven() error {
	for _, s := range raw.Statement {
		if len(s.Action)+len(s.NotAction) == 0 {
			return errActions
		}
	}
	return nil
}

func (raw *rawDocument) checkResourcesGiven() error {
	for _, s := range raw.Statement {
		if len(s.Resource)+len(s.NotResource) == 0 {
			return errResources
		}
	}
	return nil
}

func (raw *rawDocument) checkNoPrincipal() error {
	for _, s := range raw.Statement {
		if s.Principal != nil || s.NotPrincipal != nil {
			return errPrincipal
		}
	}
	return nil
}

func (raw *rawDocument) checkResources() error {
	for _, s := range raw.Statement {
		for _, r := range slices.Concat(s.Resource, s.NotResource) {
			if err := checkResource(string(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// partitions are AWS's. A policy that was written for another one is taken and never matches.
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e",
	"aws-iso-f", "aws-eusc"}

// iamPaths are what the name of a resource of IAM's begins with, in the order of IAM's sentence.
var iamPaths = []string{"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/",
	"server-certificate/", "policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/",
	"access-report/"}

func checkResource(r string) error {
	if r == "*" {
		return nil
	}
	parts := strings.SplitN(r, ":", segments)
	switch {
	case parts[0] != "arn" || len(parts) < segments:
		return Malformed(fmt.Sprintf(`Resource %s must be in ARN format or "*".`, r))
	case !slices.Contains(partitions, parts[1]):
		return Malformed(fmt.Sprintf("Partition %q is not valid for resource %q.", parts[1], r))
	case parts[2] == "" || !consists(parts[2], "-"):
		return Malformed("Resource vendor must be fully qualified and cannot contain regexes.")
	case parts[2] != "iam":
		return nil
	case parts[3] != "":
		return Malformed(fmt.Sprintf("IAM resource %s cannot contain region information.", r))
	case parts[5] != "*" && !slices.ContainsFunc(iamPaths, func(p string) bool {
		return strings.HasPrefix(parts[5], p)
	}):
		return Malformed(`IAM resource path must either be "*" or start with ` +
			strings.Join(iamPaths, ", ") + ".")
	}
	return nil
}

func (raw *rawDocument) checkActions() error {
	for _, s := range raw.Statement {
		for _, a := range slices.Concat(s.Action, s.NotAction) {
			if err := checkAction(string(a)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkAction(a string) error {
	vendor, _, ok := strings.Cut(a, ":")
	switch {
	case a == "*":
		return nil
	case !ok:
		return Malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	case strings.Count(a, ":") > 1:
		return Malformed("Actions/Condition can contain only one colon.")
	case vendor == "" || !consists(vendor, "-"):
		return Malformed(fmt.Sprintf("Vendor %s is not valid", vendor))
	case !isAction(a):
		return errSyntax
	}
	return nil
}
