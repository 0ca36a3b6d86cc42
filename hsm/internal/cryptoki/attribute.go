package cryptoki

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"github.com/miekg/pkcs11"
)

// Attribute is one line of a template. Nested is for the attributes whose
// value is itself a template.
type Attribute struct {
	Type   uint
	Value  []byte
	Nested []Attribute
}

// Bool is an attribute of type CK_BBOOL.
func Bool(typ uint, v bool) Attribute {
	if v {
		return Attribute{Type: typ, Value: []byte{1}}
	}
	return Attribute{Type: typ, Value: []byte{0}}
}

// Ulong is an attribute of one or more CK_ULONG, such as CKA_CLASS or CKA_ALLOWED_MECHANISMS.
func Ulong(typ uint, v ...uint) Attribute {
	b := make([]byte, 0, 8*len(v))
	for _, n := range v {
		b = binary.NativeEndian.AppendUint64(b, uint64(n))
	}
	return Attribute{Type: typ, Value: b}
}

// Bytes is an attribute of plain bytes, such as CKA_ID.
func Bytes(typ uint, v []byte) Attribute { return Attribute{Type: typ, Value: v} }

// Template is an attribute whose value is a template, such as CKA_UNWRAP_TEMPLATE.
func Template(typ uint, nested ...Attribute) Attribute {
	return Attribute{Type: typ, Nested: nested}
}

// AsUlong reads a CK_ULONG as the module gave it, and false when it isn't one.
func AsUlong(b []byte) (uint, bool) {
	if len(b) != 8 {
		return 0, false
	}
	return uint(binary.NativeEndian.Uint64(b)), true
}

// ckAttribute is CK_ATTRIBUTE on 64-bit Unix, where CK_ULONG and pointers are
// eight bytes and unpadded.
type ckAttribute struct {
	typ   uint64
	value unsafe.Pointer
	size  uint64
}

// native gives the template the form miekg takes. A nested template is the bytes of an array of
// CK_ATTRIBUTE, whose pointers point into Go memory: pins must be released only after the call.
func native(template []Attribute, pins *runtime.Pinner) []*pkcs11.Attribute {
	out := make([]*pkcs11.Attribute, len(template))
	for i, a := range template {
		value := a.Value
		if a.Nested != nil {
			value = nestedBytes(a.Nested, pins)
		}
		out[i] = &pkcs11.Attribute{Type: a.Type, Value: value}
	}
	return out
}

// nestedBytes lays a template out as the array of CK_ATTRIBUTE that it is in C.
func nestedBytes(template []Attribute, pins *runtime.Pinner) []byte {
	raw := make([]ckAttribute, len(template))
	for i, a := range template {
		pins.Pin(&a.Value[0])
		raw[i] = ckAttribute{uint64(a.Type), unsafe.Pointer(&a.Value[0]), uint64(len(a.Value))}
	}
	pins.Pin(&raw[0])
	return unsafe.Slice((*byte)(unsafe.Pointer(&raw[0])), len(raw)*int(unsafe.Sizeof(raw[0])))
}
