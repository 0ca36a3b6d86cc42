package awsjson_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"claviger/api/awsjson"
	"claviger/internal/fault"
	"claviger/internal/wire"
	"claviger/service"
)

// FuzzShapes reads bodies into the input of every operation as the wire does, and reads them by
// encoding/json beside it: what is taken and what is refused, and every value, must be the same.
// The library that reads requests has no releases, so that this is what an update is held to.
func FuzzShapes(f *testing.F) {
	operations := service.Operations()
	for i, o := range operations {
		body, err := json.Marshal(sample(o.Info().In))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(i), body)
	}
	for _, body := range []string{
		`{}`, `null`, `[]`, `{"KeyId":null}`, `{"keyId":"x"}`, `{"KeyId":"a","KeyId":"b"}`,
		`{"KeyId":"\ud800"}`, "{\"KeyId\":\"\xff\"}", `{"KeyId":"\ud83d\ude00"} `, `{"Limit":1e2}`,
		`{"Limit":-0.9}`, `{"Limit":-1e999999999}`, `{"Limit":9e-999999999}`,
		`{"Limit":99999999999}`, `{"Limit":01}`, `{"Limit":1e400}`, `{"KeyId":"a"}{}`,
		`{"Tags":[null,{"TagKey":null}]}`, `{"Tags":{}}`, `{"EncryptionContext":{"a":null}}`,
		`{"CiphertextBlob":"eA=="}`, `{"CiphertextBlob":"eA"}`, `{"CiphertextBlob":"eB=="}`,
		`{"CiphertextBlob":"e\nA=="}`, `{"CiphertextBlob":"_-8="}`, `{"ValidTo":1.5e9}`,
		`{"ValidTo":"2026-01-01T00:00:00Z"}`, `{"ValidTo":-1e300}`, `{"DryRun":0}`, "\ufeff{}",
	} {
		for i := range uint16(len(operations)) {
			f.Add(i, []byte(body))
		}
	}
	p := awsjson.New(operations)
	f.Fuzz(func(t *testing.T, i uint16, body []byte) {
		o := operations[int(i)%len(operations)]
		in := reflect.New(o.Info().In)
		_, err := p.Decode(nil, o, body, in.Interface())
		if err != nil {
			if k := fault.Of(err).Kind; k != fault.Invalid {
				t.Fatalf("%q is answered with %v: %v", body, k, err)
			}
		}
		if strings.Count(string(body), "[")+strings.Count(string(body), "{") >= wire.MaxDepth ||
			strings.Count(string(body), ",") > wire.MaxValues/4 {
			return // a limit of the wire, which encoding/json has not
		}
		want, taken := read(body, o.Info().In)
		if taken != (err == nil) {
			t.Fatalf("%s: %q is taken is %v by encoding/json, and here %v", o.Info().Name, body, taken, err)
		}
		if taken && !reflect.DeepEqual(want.Interface(), in.Elem().Interface()) {
			t.Fatalf("%s: %q is read as %+v, and by encoding/json as %+v", o.Info().Name, body,
				in.Elem().Interface(), want.Interface())
		}
	})
}

// read reads a body by encoding/json, under the rules that the wire adds: UTF-8, no name twice, one
// object. It reports whether they let it.
func read(body []byte, typ reflect.Type) (v reflect.Value, taken bool) {
	if !utf8.Valid(body) || loneSurrogate(body) {
		return v, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	root, err := value(d)
	if err != nil {
		return v, false
	}
	if _, err := d.Token(); err != io.EOF {
		return v, false
	}
	if _, object := root.(map[string]any); !object {
		return v, false
	}
	v = reflect.New(typ).Elem()
	return v, fill(v, root)
}

// value reads one value token by token: a name that stands twice is an error.
func value(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		members := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			if _, twice := members[name.(string)]; twice {
				return nil, io.ErrUnexpectedEOF
			}
			if members[name.(string)], err = value(d); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return members, err
	case json.Delim('['):
		elements := []any{}
		for d.More() {
			e, err := value(d)
			if err != nil {
				return nil, err
			}
			elements = append(elements, e)
		}
		_, err := d.Token()
		return elements, err
	}
	return t, nil
}

// loneSurrogate reports whether a text escapes half of a character, which encoding/json replaces.
func loneSurrogate(body []byte) bool {
	var text string
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' || i+1 == len(body) {
			continue
		}
		if body[i+1] != 'u' {
			i++
			continue
		}
		end := min(i+12, len(body))
		if json.Unmarshal([]byte(`"`+string(body[i:end])+`"`), &text) == nil &&
			utf8.RuneCountInString(text) == 1 && !strings.ContainsRune(text, utf8.RuneError) &&
			len(text) == 4 {
			i += 11 // both halves
			continue
		}
		if json.Unmarshal([]byte(`"`+string(body[i:min(i+6, len(body))])+`"`), &text) == nil &&
			text == string(utf8.RuneError) && !bytes.EqualFold(body[i:i+6], []byte(`\ufffd`)) {
			return true
		}
	}
	return false
}

// fill puts a value that encoding/json read into a member, and reports whether it fits.
func fill(v reflect.Value, from any) bool {
	if from == nil {
		return true // null is absent
	}
	switch at := v.Addr().Interface().(type) {
	case *wire.Time:
		n, ok := from.(json.Number)
		sec, err := n.Float64()
		if !ok || err != nil || math.Abs(sec) > 253402300799 {
			return false
		}
		at.Time = time.UnixMilli(int64(math.Round(sec * 1000))).UTC()
		return true
	case *[]byte:
		text, ok := from.(string)
		b, err := base64.StdEncoding.DecodeString(text)
		*at = b
		return ok && err == nil && !strings.ContainsAny(text, "\r\n")
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), from)
	case reflect.String:
		text, ok := from.(string)
		v.SetString(text)
		return ok
	case reflect.Bool:
		b, ok := from.(bool)
		v.SetBool(b)
		return ok
	case reflect.Int32, reflect.Int64:
		return fillInteger(v, from)
	case reflect.Slice:
		elements, ok := from.([]any)
		v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
		for i, e := range elements {
			ok = fill(v.Index(i), e) && ok
		}
		return ok
	case reflect.Map, reflect.Struct:
		return fillMembers(v, from)
	}
	panic("no input has a " + v.Type().String())
}

func fillMembers(v reflect.Value, from any) bool {
	members, ok := from.(map[string]any)
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			if f := v.Type().Field(i); !f.Anonymous {
				ok = fill(v.Field(i), members[nameOf(f)]) && ok
			}
		}
		return ok
	}
	v.Set(reflect.MakeMap(v.Type()))
	for name, e := range members {
		value := reflect.New(v.Type().Elem()).Elem()
		ok = fill(value, e) && ok
		v.SetMapIndex(reflect.ValueOf(name), value)
	}
	return ok
}

// fillInteger cuts a fraction off and holds what is too great at the limit, as AWS does.
func fillInteger(v reflect.Value, from any) bool {
	n, ok := from.(json.Number)
	if !ok {
		return false
	}
	i := whole(string(n))
	if v.Kind() == reflect.Int32 {
		i = min(max(i, math.MinInt32), math.MaxInt32)
	}
	v.SetInt(i)
	return true
}

// whole is a number without its fraction, held at the limits of an int64.
func whole(n string) int64 {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(n), "e")
	power, _ := strconv.Atoi(exponent) // held at the limits
	zero := strings.Trim(mantissa, "-0.") == ""
	switch {
	case zero, power < -2*len(n)-100:
		return 0
	case power > 2*len(n)+100 && mantissa[0] == '-':
		return math.MinInt64
	case power > 2*len(n)+100:
		return math.MaxInt64
	}
	f, _, err := big.ParseFloat(n, 10, 4096, big.ToZero)
	if err != nil {
		panic(err) // n is a number of JSON
	}
	i, _ := f.Int64()
	return i
}

// sample is a document with every member of an input.
func sample(typ reflect.Type) any {
	switch {
	case typ == reflect.TypeFor[wire.Time]():
		return 1700000000.25
	case typ == reflect.TypeFor[[]byte]():
		return []byte("x")
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return sample(typ.Elem())
	case reflect.String:
		return "x"
	case reflect.Bool:
		return true
	case reflect.Int32, reflect.Int64:
		return 7
	case reflect.Slice:
		return []any{sample(typ.Elem())}
	case reflect.Map:
		return map[string]any{"k": sample(typ.Elem())}
	}
	members := map[string]any{}
	for i := range typ.NumField() {
		if f := typ.Field(i); !f.Anonymous {
			members[nameOf(f)] = sample(f.Type)
		}
	}
	return members
}

// nameOf is what a field is called on the wire.
func nameOf(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}
