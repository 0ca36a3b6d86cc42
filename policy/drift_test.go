package policy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/keystore/target"
	parameters "claviger/parameters/model"
	"claviger/policy"
	"claviger/secrets/model"
)

// TestUnknown_KeysOfServices_AreThoseOfTheirTables: the keys that are known are those that
// operations give values to, and no others. Two lists of one thing would drift apart.
func TestUnknown_KeysOfServices_AreThoseOfTheirTables(t *testing.T) {
	for service, table := range map[string][][]string{
		"kms": append(slices.Collect(maps.Values(target.ConditionKeys)), target.OfEveryKey),
		"secretsmanager": append(slices.Collect(maps.Values(model.ConditionKeys)),
			model.OfSecret),
		"ssm": slices.Collect(maps.Values(parameters.ConditionKeys)),
	} {
		given := map[string]bool{}
		for _, key := range slices.Concat(table...) {
			given[strings.ToLower(key)] = true
			name := key
			if strings.HasSuffix(key, ":") || strings.HasSuffix(key, "/") {
				name += "a"
			}
			if isUnknown(t, name) {
				t.Errorf("operations of %s give %s a value, and it is unknown", service, key)
			}
		}
		for _, key := range policy.DocumentKeys[service] {
			if !given[service+":"+key] {
				t.Errorf("%s:%s is known, and no operation gives it a value", service, key)
			}
		}
	}
}

// isUnknown reports whether a policy with a condition on the key is told of it.
func isUnknown(t *testing.T, key string) bool {
	t.Helper()
	d := parse(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",`+
		`"Condition":{"Null":{"`+key+`":"true"}}}}`)
	return d.Unknown() != nil
}
