package transform

// Warning names an optional field that was left out of a conversion because it
// was bad. The event is sent all the same: a purchase without its phone is worth
// more than no purchase. Counted, so that the source can be mended.
type Warning uint8

// Warnings is a set of Warning.
type Warnings uint32

// Add puts w into the set.
func (ws *Warnings) Add(w Warning) { *ws |= 1 << w }

// Has tells whether w is in the set.
func (ws Warnings) Has(w Warning) bool { return ws&(1<<w) != 0 }
