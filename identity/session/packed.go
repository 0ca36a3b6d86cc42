package session

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json"
)

// words are what session policies and tags are often made of, the likeliest last, for the
// compressor to point to (RFC 1951 section 2; both sides must have the same).
const words = `arn:aws:iam::aws:policy/arn:aws:iam::oidc-provider/arn:aws:ssm:parameter/` +
	`"StringLike":{"ForAllValues:StringEquals":{"ArnLike":{"Bool":{"Null":{"IpAddress":{` +
	`"aws:SourceIp":"aws:PrincipalTag/"aws:RequestTag/"aws:ResourceTag/"kms:ViaService":` +
	`"kms:EncryptionContext:"StringEquals":{"Condition":{"NotAction":"NotResource":` +
	`kms:GenerateDataKey"kms:Decrypt"kms:Encrypt"kms:DescribeKey"ssm:GetParameter` +
	`secretsmanager:GetSecretValue"secretsmanager:DescribeSecret"Resource":"arn:aws:kms:` +
	`arn:aws:secretsmanager:us-east-1::secret:"Version":"2012-10-17","Statement":[{"Sid":"` +
	`"Effect":"Deny","Effect":"Allow","Action":["*"],"Resource":"*"}]}`

// compressors are expensive to make.
var compressors = sync.Pool{New: func() any {
	w, err := flate.NewWriterDict(nil, flate.BestCompression, []byte(words))
	if err != nil {
		panic(err) // of the level, which is one of its own
	}
	return w
}}

// pack writes a value as compressed JSON.
func pack(v any) ([]byte, error) {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	w := compressors.Get().(*flate.Writer)
	defer compressors.Put(w)
	var b bytes.Buffer
	w.Reset(&b)
	if _, err = w.Write(text); err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

// mostUnpacked bounds what a token may unpack to: ten times what the members of all requests hold.
const mostUnpacked = 1 << 20

var errUnpacked = errors.New("what is packed is too large")

// unpack undoes [pack]. What follows is padding.
func unpack(packed []byte, v any) error {
	r := flate.NewReaderDict(bytes.NewReader(packed), []byte(words))
	text, err := io.ReadAll(io.LimitReader(r, mostUnpacked+1))
	switch {
	case err != nil:
		return err
	case len(text) > mostUnpacked:
		return errUnpacked
	}
	return json.Unmarshal(text, v, json.RejectUnknownMembers(true))
}

// Room is how many bytes of a token there are for what is passed along, packed. The rest is for
// what every session has.
const Room = 2048

// Packed returns how much of [Room] it takes, in percent and rounded up. With more than 100 there
// is no session.
func (p *Passed) Packed() (percent int, err error) {
	packed, err := pack(p)
	return (len(packed)*100 + Room - 1) / Room, err
}
