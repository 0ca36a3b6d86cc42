package simulate

import (
	"maps"
	"slices"
	"strings"

	"claviger/internal/op"
	"claviger/policy/inspect"
)

// GetContextKeysForCustomPolicyInput has the policies as texts.
type GetContextKeysForCustomPolicyInput struct {
	PolicyInputList []string `shape:"SimulationPolicyListType,required"`
	op.ByShape
}

// GetContextKeysOutput has the keys as the policies write them, in order.
type GetContextKeysOutput struct{ ContextKeyNames []string }

func getContextKeysForCustomPolicy(_ *op.Call, in GetContextKeysForCustomPolicyInput) (
	out GetContextKeysOutput, err error) {
	sources, err := inputPolicies(in.PolicyInputList)
	return GetContextKeysOutput{ContextKeyNames: keysOf(sources)}, err
}

// keysOf returns the condition keys of all sources. Names that differ in case alone are one.
func keysOf(sources []*source) []string {
	byName := map[string]string{}
	for _, s := range sources {
		for _, name := range inspect.ContextKeys(s.document) {
			folded := strings.ToLower(name)
			if _, ok := byName[folded]; !ok {
				byName[folded] = name
			}
		}
	}
	keys := slices.Sorted(maps.Values(byName))
	if keys == nil {
		return []string{}
	}
	return keys
}
