package search

import "encoding/binary"

func encodeGranules(all []granule) (b []byte) {
	for _, g := range all {
		for _, n := range []int64{g.events.from, g.events.to, g.ids.from, g.ids.to} {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
	}
	return b
}

func decodeGranules(b []byte) (all []granule) {
	for ; len(b) >= granuleRoom; b = b[granuleRoom:] {
		n := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
		all = append(all, granule{span{n(0), n(1)}, span{n(2), n(3)}})
	}
	return all
}

func encodeScopes(all []scope) (b []byte) {
	for _, s := range all {
		for _, text := range []string{s.account, s.region} {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	return b
}

func decodeScopes(b []byte) (all []scope) {
	text := func() (t string) {
		if size, n := binary.Uvarint(b); n > 0 && size <= uint64(len(b)-n) {
			t, b = string(b[n:n+int(size)]), b[n+int(size):]
		} else {
			b = nil
		}
		return t
	}
	for len(b) > 0 {
		account := text()
		all = append(all, scope{account, text()})
	}
	return all
}

func encodeChunks(all []chunk) (b []byte) {
	for _, c := range all {
		b = binary.LittleEndian.AppendUint64(b, c.hash)
		for _, n := range []uint32{c.record, c.at, c.size, c.sum} {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	}
	return b
}
