package key

// Ref names a key in caches and tables.
type Ref struct{ Account, Region, ID string }

func (k Ref) ARN() string { return ARN(k.Account, k.Region, k.ID) }

// Ref returns the name of the key in caches and tables.
func (k *Key) Ref() Ref { return Ref{k.Account, k.Region, k.ID} }
