package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
)

type DescribeKeyInput struct {
	KeyId       string   `shape:"KeyIdType,required"`
	GrantTokens []string `shape:"GrantTokenList"`
	op.ByShape
}

type DescribeKeyOutput struct{ KeyMetadata key.KeyMetadata }

// described is the key of DescribeKey. The key that a service manages is made when its alias is
// first asked for.
type described struct {
	*target.Target
	service string // whose key is yet to be made, or nothing
}

// Missing implements [op.Target]. What is made by being asked for is not missing.
func (d described) Missing() error {
	if d.service != "" {
		return nil
	}
	return d.Target.Missing()
}

// Ready implements [op.Target].
func (d described) Ready() error {
	if d.service != "" {
		return nil
	}
	return d.Target.Ready()
}

// findDescribed takes aliases, as no other operation does that reads of a key and doesn't use it.
func (s *Keys) findDescribed(c *op.Call, in DescribeKeyInput) (d described, err error) {
	d.Target, err = s.finder.FindGranted(c, "DescribeKey", in.KeyId, true,
		target.Presented{Tokens: in.GrantTokens})
	if err != nil {
		return d, err
	}
	// Each account has its own: nobody makes another account's by asking for it.
	if d.Absent() && d.Named.Account == c.Caller.Account {
		d.service = serviceOfAlias(d.Named.Alias)
	}
	return d, nil
}

// describeKey makes the key that a service manages before it describes it, as AWS does.
func (s *Keys) describeKey(c *op.Call, _ DescribeKeyInput,
	d described) (out DescribeKeyOutput, err error) {
	if d.service == "" {
		return DescribeKeyOutput{d.Key.At(c.Time).Metadata(s.maker.Signs)}, nil
	}
	if err := s.ensureManaged(c, d.service, d.Named.Alias); err != nil {
		return out, err
	}
	// The key has been committed by now. Another request may have made it, so the alias says which
	// one it is.
	_, k, err := s.finder.Resolve(c, d.Named)
	if err != nil {
		return out, err
	}
	return DescribeKeyOutput{k.At(c.Time).Metadata(s.maker.Signs)}, nil
}
