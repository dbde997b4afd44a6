package program

import (
	"unsafe"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// An op is what an instruction does with the next bytes.
type op uint8

const (
	opSkip         op = iota // skip a value of type arg.typ
	opText                   // a string or bytes is the text of a field
	opOptionalText           // the same, in a union with null
	opScalar                 // any other scalar is given to arg.set
	opAttributes             // a map is the attributes
	opUnion                  // continue at arg.targets, by the branch
	opJump                   // continue at arg.targets[0]
	opRefuse                 // a branch that its field cannot take
)

// instr is an instruction. It holds what the text ops need, and a pointer to what only
// the others need, so that a schema's whole program fits a few cache lines.
type instr struct {
	op   op
	null byte   // opOptionalText: the byte that stands for null's branch
	text uint32 // opText, opOptionalText: where in an event it goes
	arg  *operand
}

// placeOf returns where in an event a field's text is. The hot path adds that to the
// event's address: to call a function for each text, each time another one, is a
// jump that the processor must foresee.
func placeOf(field *event.Field) uint32 {
	var ev event.Event
	at := uintptr(unsafe.Pointer(field.Text(&ev))) - uintptr(unsafe.Pointer(&ev))
	if at > unsafe.Sizeof(ev)-unsafe.Sizeof("") {
		panic("the text of " + field.Path() + " is not in the event itself")
	}
	return uint32(at)
}

// text returns the text at that place of an event.
func text(ev *event.Event, place uint32) *string {
	return (*string)(unsafe.Add(unsafe.Pointer(ev), place))
}

type operand struct {
	typ     *avro.Type
	depth   int // opSkip, opAttributes: how deep the value may still nest
	field   *event.Field
	set     setter
	targets []int
	binding *binding // opAttributes
}

// compiler makes the instructions that read a record's fields in the order of the wire.
// Records and unions that contain a field of ours become straight code with jumps;
// anything else, however deep, is one opSkip.
type compiler struct {
	code []instr
	// parts counts the values that the code itself reads, all branches
	// together.
	parts int
}

func (c *compiler) emit(op op, arg operand) {
	c.code = append(c.code, instr{op: op, arg: &arg})
}

func (c *compiler) skip(t *avro.Type, depth int) {
	c.emit(opSkip, operand{typ: t, depth: depth})
}

func (c *compiler) event(root *avro.Type, v *view) {
	c.record(root, v, avro.MaxDepth)
}

// record compiles a record with bound fields.
func (c *compiler) record(t *avro.Type, v *view, depth int) {
	c.parts++
fields:
	for _, f := range t.Fields {
		for i := range v.fields {
			if v.fields[i].from == f.Name {
				c.field(&v.fields[i], depth-1)
				continue fields
			}
		}
		for i := range v.groups {
			if v.groups[i].from == f.Name {
				c.group(&v.groups[i], depth-1)
				continue fields
			}
		}
		c.skip(f.Type, depth-1)
	}
}

func (c *compiler) group(g *groupBinding, depth int) {
	c.alternatives(g.typ, depth, func(t *avro.Type, depth int) {
		if g.records[t] == nil {
			c.emit(opRefuse, operand{})
			return
		}
		c.record(t, g.records[t], depth)
	})
}

func (c *compiler) field(b *binding, depth int) {
	if null, ok := b.optionalText(); ok {
		c.parts += 2
		c.code = append(c.code, instr{op: opOptionalText, null: null, text: placeOf(b.field)})
		return
	}
	c.alternatives(b.typ, depth, func(t *avro.Type, depth int) {
		set := b.set[t]
		switch {
		case b.field.Text != nil && isPlainText(t):
			c.parts++
			c.code = append(c.code, instr{op: opText, text: placeOf(b.field)})
		case set != nil:
			c.parts++
			c.emit(opScalar, operand{typ: t, field: b.field, set: set})
		case b.entries == t:
			c.parts++
			c.emit(opAttributes, operand{typ: t, binding: b, depth: depth - 1})
		case b.field.Incidental:
			c.skip(t, depth)
		default:
			c.emit(opRefuse, operand{})
		}
	})
}

// alternatives compiles each alternative of a type and, for a union, the choice
// between them. Null compiles to nothing.
func (c *compiler) alternatives(t *avro.Type, depth int, one func(t *avro.Type, depth int)) {
	if t.Kind != avro.Union {
		if t.Kind == avro.Null {
			c.parts++
			return
		}
		one(t, depth)
		return
	}
	c.parts++
	targets := make([]int, len(t.Branches))
	c.emit(opUnion, operand{targets: targets})
	start := len(c.code)
	var jumps []*int // all that lead to where the branches meet
	for i, b := range t.Branches {
		if b.Kind == avro.Null {
			c.parts++
			jumps = append(jumps, &targets[i])
			continue
		}
		if len(c.code) > start {
			jump := make([]int, 1)
			c.emit(opJump, operand{targets: jump})
			jumps = append(jumps, &jump[0])
		}
		targets[i] = len(c.code)
		one(b, depth-1)
	}
	for _, to := range jumps {
		*to = len(c.code)
	}
}

// isPlainText reports whether a type's bytes are a length and then the text.
func isPlainText(t *avro.Type) bool {
	return t.Kind == avro.String || t.Kind == avro.Bytes && t.Logical == avro.LogicalNone
}

// optionalText reports whether a field is a union of text and null, as most of
// TrackLayer's are. It returns the byte that stands for null.
func (b *binding) optionalText() (null byte, ok bool) {
	bs := b.typ.Branches
	if b.field.Text == nil || b.typ.Kind != avro.Union || len(bs) != 2 {
		return 0, false
	}
	switch {
	case bs[0].Kind == avro.Null && isPlainText(bs[1]):
		return 0, true // zigzag of branch 0
	case isPlainText(bs[0]) && bs[1].Kind == avro.Null:
		return 2, true // zigzag of branch 1
	}
	return 0, false
}
