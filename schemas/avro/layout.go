package avro

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/tracklayer/amazon-capi/internal/count"
)

const (
	// MaxDepth bounds how deep a record of a recursive schema may nest. Without it, a few
	// megabytes of hostile bytes overflow the stack, which ends the process: recover does
	// not catch that.
	MaxDepth = 100
	// MaxParts bounds how many values a record may consist of. An event has about fifty
	// and its attributes; nine bytes can announce billions of nulls, and goavro allocates
	// hundreds of bytes for each one-byte record of an array.
	MaxParts = 500_000
)

// CheckLayout walks over a record's bytes and reports whether they follow the schema, to
// the last byte. It runs before goavro, which trusts the counts it reads: it allocates
// two billion entries when ten bytes ask for them, and recurses as deep as the bytes say.
// It also names the faulty field without its value, which goavro's errors quote.
func CheckLayout(t *Type, payload []byte) *Fault {
	w := layoutWalker{rest: payload, parts: MaxParts}
	if err := w.walk(t, MaxDepth); err != nil {
		return err
	}
	if n := len(w.rest); n > 0 {
		return &Fault{Kind: TrailingBytes, Message: fmt.Sprintf("the value goes on for %s after the record", count.Of(n, "byte"))}
	}
	return nil
}

// Skip skips a value, checking it like the judge, and returns where the next one begins,
// or -1, and how many parts are left.
func Skip(t *Type, payload []byte, pos, parts, depth int) (next, left int) {
	w := layoutWalker{rest: payload[pos:], parts: parts, uniqueKeys: true}
	if w.walk(t, depth) != nil {
		return -1, 0
	}
	return len(payload) - len(w.rest), w.parts
}

type layoutWalker struct {
	rest  []byte
	parts int // that are left
	// uniqueKeys refuses maps with a key twice, as goavro does. It is off where
	// goavro runs afterwards.
	uniqueKeys bool
}

func corrupt(format string, args ...any) *Fault {
	return &Fault{Kind: Corrupt, Message: fmt.Sprintf(format, args...)}
}

// walk walks over a value. It is in one piece because the fast decoder skips strangers' fields
// with it, and a function for each kind would be one more call per value.
//
//nolint:gocyclo // for that reason
func (w *layoutWalker) walk(t *Type, depth int) *Fault {
	if depth == 0 {
		return corrupt("the record nests deeper than %d levels", MaxDepth)
	}
	if w.parts--; w.parts < 0 {
		return corrupt("the record consists of more than %d values", MaxParts)
	}
	switch t.Kind {
	case Null:
		return nil
	case Boolean:
		return w.boolean()
	case Int:
		return w.int()
	case Long:
		_, err := w.long()
		return err
	case Float:
		return w.skip(4)
	case Double:
		return w.skip(8)
	case Fixed:
		return w.skip(int64(t.Size))
	case Bytes, String:
		n, err := w.long()
		if err != nil {
			return err
		}
		return w.skip(n)
	case Enum:
		return w.enum(t)
	case Union:
		n, err := w.long()
		if err != nil {
			return err
		}
		if n < 0 || n >= int64(len(t.Branches)) {
			return corrupt("a union has %d branches and the record names another", len(t.Branches))
		}
		return w.walk(t.Branches[n], depth-1)
	case Record:
		return w.record(t, depth)
	case Map:
		if w.uniqueKeys {
			return w.blocks(t, depth, new(keySet))
		}
	}
	return w.blocks(t, depth, nil)
}

func (w *layoutWalker) boolean() *Fault {
	if len(w.rest) > 0 && w.rest[0] > 1 {
		return corrupt("a boolean is neither 0 nor 1")
	}
	return w.skip(1)
}

func (w *layoutWalker) int() *Fault {
	n, err := w.long()
	if err == nil && (n < math.MinInt32 || n > math.MaxInt32) {
		return corrupt("an int has more than 32 bits")
	}
	return err
}

func (w *layoutWalker) enum(t *Type) *Fault {
	n, err := w.long()
	if err == nil && (n < 0 || n >= int64(len(t.Symbols))) {
		return corrupt("an enum has %s and the record names another", count.Of(len(t.Symbols), "symbol"))
	}
	return err
}

func (w *layoutWalker) record(t *Type, depth int) *Fault {
	for _, f := range t.Fields {
		if err := w.walk(f.Type, depth-1); err != nil {
			err.Field = joinPath(f.Name, err.Field)
			return err
		}
	}
	return nil
}

// blocks walks over an array or a map, whose keys it adds to keys unless that is nil.
func (w *layoutWalker) blocks(t *Type, depth int, keys *keySet) *Fault {
	for {
		n, err := w.long()
		if err != nil || n == 0 {
			return err
		}
		if n < 0 {
			// A negative count comes with the block's size in bytes.
			if n == math.MinInt64 {
				return corrupt("a block of an array or map has an impossible count")
			}
			n = -n
			if _, err := w.long(); err != nil {
				return err
			}
		}
		for range n {
			if t.Kind == Map {
				if err := w.key(keys); err != nil {
					return err
				}
			}
			if err := w.walk(t.Elem, depth-1); err != nil {
				return err
			}
		}
	}
}

func (w *layoutWalker) key(keys *keySet) *Fault {
	size, err := w.long()
	if err != nil {
		return err
	}
	before := w.rest
	if err := w.skip(size); err != nil {
		return err
	}
	if keys != nil && !keys.add(before[:size]) {
		return corrupt("a map has a key twice")
	}
	return nil
}

func truncated() *Fault {
	return &Fault{Kind: Truncated, Message: "the value ends within the record"}
}

func (w *layoutWalker) skip(n int64) *Fault {
	if n < 0 {
		return corrupt("a length is negative")
	}
	if n > int64(len(w.rest)) {
		return truncated()
	}
	w.rest = w.rest[n:]
	return nil
}

// long reads a number. Avro's zigzag longs are encoding/binary's Varint.
func (w *layoutWalker) long() (int64, *Fault) {
	v, n := binary.Varint(w.rest)
	switch {
	case n == 0:
		return 0, truncated()
	case n < 0:
		return 0, corrupt("a number has more than 64 bits")
	}
	w.rest = w.rest[n:]
	return v, nil
}
