package key

import "strings"

// Ref names a key in caches and tables.
type Ref struct{ Account, Region, ID string }

func (k Ref) ARN() string { return ARN(k.Account, k.Region, k.ID) }

// Ref returns the name of the key in caches and tables.
func (k *Key) Ref() Ref { return Ref{k.Account, k.Region, k.ID} }

// Changed names what changes with the key of an ARN: the key, or all that are related to it.
// Related multi-Region keys share most of what they are, so most changes are of all of them.
func Changed(arn string) string {
	namespace, id, ok := strings.Cut(arn, ":key/"+MultiRegionPrefix)
	if !ok {
		return arn
	}
	return namespace[strings.LastIndexByte(namespace, ':')+1:] + "/" + MultiRegionPrefix + id
}

// StoreRef names a custom key store in caches and tables. Where it says on which token a key is
// resident, one without an ID is the service's own token.
type StoreRef struct{ Account, Region, ID string }

// StoreRef returns the name of the custom key store that holds the key's material.
func (k *Key) StoreRef() StoreRef { return StoreRef{k.Account, k.Region, k.CustomKeyStoreID} }
