package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
)

// DescribeKeyInput is DescribeKeyRequest of AWS.
type DescribeKeyInput struct {
	KeyId       string   `shape:"KeyIdType,required"`
	GrantTokens []string `shape:"GrantTokenList"`
	op.ByShape
}

// DescribeKeyOutput is DescribeKeyResponse of AWS.
type DescribeKeyOutput struct{ KeyMetadata key.KeyMetadata }

// described is the key of DescribeKey. The key that a service manages is made when its alias is first asked for.
type described struct {
	*target
	service string // whose key is yet to be made, or nothing
}

// Missing implements [op.Target].
func (d described) Missing() error {
	if d.service != "" {
		return nil
	}
	return d.target.Missing()
}

// Ready implements [op.Target].
func (d described) Ready() error {
	if d.service != "" {
		return nil
	}
	return d.target.Ready()
}

// findDescribed takes aliases, as no other operation does that reads of a key and doesn't use it.
func (s *Keys) findDescribed(c *op.Call, in DescribeKeyInput) (d described, err error) {
	d.target, err = s.finder.findGranted(c, "DescribeKey", in.KeyId, true, presented{tokens: in.GrantTokens})
	if err == nil && d.key == nil {
		d.service = managing(d.named.alias)
	}
	return d, err
}

func (s *Keys) describeKey(c *op.Call, _ DescribeKeyInput, d described) (out DescribeKeyOutput, err error) {
	k := d.key
	if d.service != "" {
		if err = s.ensureManaged(c, d.service, d.named.alias); err == nil {
			_, k, err = s.finder.resolve(c, d.named)
		}
		if err != nil {
			return out, err
		}
	}
	return DescribeKeyOutput{k.Metadata()}, nil
}
