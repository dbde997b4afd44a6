package avro

import "bytes"

// keySet notices a key that a map has twice. Nearly all maps have a handful of keys,
// which are compared one by one without allocating; more go into a map, because an
// attack's hundred thousand would take minutes otherwise.
type keySet struct {
	few  [16][]byte
	n    int
	many map[string]struct{} // all of them, once there are more than few holds
}

// add adds a key, which it keeps, and returns false if it was there already.
func (s *keySet) add(key []byte) bool {
	if s.many == nil {
		for _, k := range s.few[:s.n] {
			if bytes.Equal(k, key) {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = key
			s.n++
			return true
		}
		s.many = make(map[string]struct{}, 4*len(s.few))
		for _, k := range s.few {
			s.many[string(k)] = struct{}{}
		}
	}
	before := len(s.many)
	s.many[string(key)] = struct{}{}
	return len(s.many) > before
}
