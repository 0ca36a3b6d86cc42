package document

import "strings"

// level is a map of a document that is written, in order of its keys.
type level struct {
	members []*member
	by      map[string]*member
}

// member is a key with a value or with the level below it.
type member struct {
	key   string
	value *Value
	below *level
}

func (l *level) add(m *member) *member {
	if l.by == nil {
		l.by = map[string]*member{}
	}
	l.by[m.key] = m
	l.members = append(l.members, m)
	return m
}

// treeOf makes levels of names, which are in order. A parameter may have others below its own name,
// and a key can't have a value and a map: the others keep the rest of their names as one key beside
// it, which is read back as the levels that it is.
func treeOf(values []Value, flat bool) *level {
	top := &level{}
	for i := range values {
		v, at, key := &values[i], top, values[i].Name
		for !flat {
			first, rest, deeper := strings.Cut(key, "/")
			m := at.by[first]
			if !deeper || m != nil && m.value != nil {
				break
			}
			if m == nil {
				m = at.add(&member{key: first, below: &level{}})
			}
			at, key = m.below, rest
		}
		at.add(&member{key: key, value: v})
	}
	return top
}

// items are those of a StringList.
func (v *Value) items() []string { return strings.Split(v.Text, ",") }
