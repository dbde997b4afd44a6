package transform

// spellings finds entries by names as sources spell them. Most names have a slot of their own
// in the quick table, where a lookup takes a third of a map's time; the others are in the
// map.
type spellings struct {
	all   map[string]*entry
	quick [512]spelling
}

type spelling struct {
	name  string
	entry *entry
}

func (s *spellings) add(name string, e *entry) {
	s.all[name] = e
	if name == "" {
		return
	}
	if place := s.place(name); place.entry == nil || place.name == name {
		*place = spelling{name, e}
	}
}

func (s *spellings) find(name string) *entry {
	if name == "" {
		return s.all[name]
	}
	if place := s.place(name); place.name == name {
		return place.entry
	}
	return s.all[name]
}

// place returns the slot of a name in the quick table. Names that differ in length, at their
// ends or in the middle have different slots, and no more is needed: the names come from the
// mapping and not from outside.
func (s *spellings) place(name string) *spelling {
	n := uint32(len(name))
	h := n ^ uint32(name[0])<<8 ^ uint32(name[n/2])<<16 ^ uint32(name[n-1])<<24
	const golden = 0x9E3779B1 // Knuth's multiplicative hashing
	return &s.quick[h*golden>>23]
}
