package policy

import (
	"slices"
	"strings"
)

// documentKeys are the keys of single services that operations here give values to, in small
// letters and by service ("Service Authorization Reference"). One that ends in a colon or a slash
// has a name behind it. Those of every request are [globalKeys].
var documentKeys = map[string][]string{
	"aws": {"requesttag/", "sourceaccount", "sourcearn", "sourceowner", "tagkeys"},
	"kms": {"bypasspolicylockoutsafetycheck", "customermasterkeyspec", "customermasterkeyusage",
		"datakeypairspec", "encryptionalgorithm", "encryptioncontext:", "encryptioncontextkeys",
		"expirationmodel", "grantconstraintsourcearn", "grantconstrainttype", "grantisforawsresource",
		"grantoperations", "granteeprincipal", "granteeserviceprincipal", "keyagreementalgorithm",
		"keyorigin", "keyspec", "keyusage", "macalgorithm", "messagetype", "multiregion",
		"multiregionkeytype", "primaryregion", "reencryptonsamekey", "replicaregion", "requestalias",
		"retiringprincipal", "retiringserviceprincipal", "rotationperiodindays",
		"schedulekeydeletionpendingwindowindays", "signingalgorithm", "trailingdayswithoutkeyusage",
		"validto", "wrappingalgorithm", "wrappingkeyspec"},
	"secretsmanager": {"addreplicaregions", "blockpublicpolicy", "description",
		"externalsecretrotationrolearn", "forcedeletewithoutrecovery", "forceoverwritereplicasecret",
		"kmskeyarn", "kmskeyid", "modifyrotationrules", "name", "recoverywindowindays",
		"resource/allowrotationlambdaarn", "resource/type", "rotateimmediately", "rotationlambdaarn",
		"secretid", "secretprimaryregion", "type", "versionid", "versionstage"},
	"ssm": {"overwrite", "policies", "recursive"},
	"iam": {"permissionsboundary", "policyarn"},
	"sns": {"endpoint", "protocol"},
	"sts": {"externalid", "rolesessionname", "sourceidentity", "transitivetagkeys"},
}

// Unknown returns the condition keys of a document that no request here has a value for, as they
// are written and in order: of services and features that aren't here, or misspelt. IAM takes them,
// and so does [Parse]. The claims of identity providers, accounts.google.com:aud, are none of them.
func (d *Document) Unknown() []string {
	var out []string
	for _, s := range d.Statements {
		for _, c := range s.Condition {
			if !isKnownKey(c.Key) {
				out = append(out, c.Key)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func isKnownKey(name string) bool {
	if compileKey(name).id != ofDemand {
		return true
	}
	vendor, key, _ := strings.Cut(strings.ToLower(name), ":")
	if strings.Contains(vendor, ".") {
		return true // the name of a host
	}
	return slices.ContainsFunc(documentKeys[vendor], func(known string) bool {
		if strings.HasSuffix(known, ":") || strings.HasSuffix(known, "/") {
			return strings.HasPrefix(key, known) && len(key) > len(known)
		}
		return key == known
	})
}
