package audit

import "strconv"

// How much of a field CloudTrail keeps, and how long a record is that it still tells of, in bytes
// ("CloudTrail record contents for management, data, and network activity events" of its user
// guide, and its quotas).
const (
	mostOfParameters = 100 << 10 // likewise of the answer, and of the details of a service event
	mostOfAdditional = 28 << 10
	mostOfRecord     = 256 << 10
)

// object appends ,"name":o, or null where there is nothing, or that it was too long to be kept.
func object(b []byte, name string, o []byte, most int) []byte {
	if len(o) > most {
		o = omitted(name, o)
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	if len(o) == 0 {
		return append(b, "null"...)
	}
	return append(b, o...)
}

// omitted is what stands in a record in the place of an object that is too long for it, as
// CloudTrail writes it. Of nothing it is nothing.
func omitted(name string, o []byte) []byte {
	if len(o) == 0 {
		return nil
	}
	b := append([]byte(`{"reason":"`), name...)
	b = append(b, ` too large","omitted":true,"originalSize":`...)
	return append(strconv.AppendInt(b, int64(len(o)), 10), '}')
}
