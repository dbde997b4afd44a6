package program

import (
	"math"
	"unsafe"

	"github.com/tracklayer/amazon-capi/internal/ascii"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// fastProgram walks once over a record's bytes and writes the event as it goes.
//
// It handles correct records only. At the first fault, or at something that no encoder
// writes, it gives up, and the judge reads the record from its start and says what is
// wrong. So only one place knows in which order faults are found and what they are
// called, and this one has fewer branches. A bad record costs both, which is little
// beside the dead letter it becomes. Tests hold the two together: what this accepts,
// the judge accepts and reads as the same event, and what an encoder wrote and the
// judge accepts is accepted here.
type fastProgram struct {
	code  []instr
	parts int // of MaxParts: what is left for arrays, maps and what is skipped
	judge *goavroProgram
}

// newFastProgram compiles the judge's schema. It returns the judge itself if the code
// alone could read more than maxParts values.
func newFastProgram(judge *goavroProgram, maxParts int) Program {
	var c compiler
	c.event(judge.root, judge.view)
	if c.parts > maxParts {
		return judge
	}
	return &fastProgram{code: c.code, parts: maxParts - c.parts, judge: judge}
}

func (p *fastProgram) Followed() []event.Alias { return p.judge.Followed() }

func (p *fastProgram) Read(payload []byte, ev *event.Event) *Error {
	if p.tried(payload, ev) {
		return nil
	}
	// Attributes that were read lie beyond the slice's end: let Reset clear them.
	ev.Custom.Attributes = ev.Custom.Attributes[:cap(ev.Custom.Attributes)]
	ev.Reset()
	return p.judge.Read(payload, ev)
}

// tried is accepts with a panic taken for no. Neither a bug of ours nor one of goavro's
// may let one record take down all partitions, again after each restart. Tests call
// accepts and see the panic.
func (p *fastProgram) tried(payload []byte, ev *event.Event) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return p.accepts(payload, ev)
}

// accepts reads the record. If it returns false, the event is half filled.
//
// It is one long function because it is the hot path. The state of the walk is in
// local variables and passed by value: in a shared struct it would be loaded and
// stored at each step, and passing that to the setters would move it to the heap.
// Text, of which events mostly consist, has instructions of its own, and its length is
// read in place; everything else may cost a call.
//
//nolint:gocyclo // for that reason
func (p *fastProgram) accepts(payload []byte, ev *event.Event) bool {
	// The event's texts are substrings of s, which shares payload's memory. That is
	// sound as long as nobody changes payload while they are in use, which Decode
	// demands of its callers; the garbage collector keeps payload alive as long as
	// one of them lives. SliceData of an empty payload may be anything, but with
	// length 0 it is not read.
	s := unsafe.String(unsafe.SliceData(payload), len(payload))
	code := p.code
	pos, parts := 0, p.parts
	for pc := 0; pc < len(code); pc++ {
		in := &code[pc]
		switch in.op {
		case opOptionalText:
			if pos >= len(s) {
				return false
			}
			branch := s[pos]
			pos++
			if branch == in.null {
				continue
			}
			if branch != 2-in.null {
				return false
			}
			fallthrough
		case opText:
			if pos >= len(s) {
				return false
			}
			n, at := int64(s[pos]>>1), pos+1
			if s[pos]&0x81 != 0 { // more than one byte, or negative
				if n, at = avro.ReadLong(s, pos); at < 0 {
					return false
				}
			}
			if uint64(n) > uint64(len(s)-at) {
				return false
			}
			pos = at + int(n)
			// Nearly every text is short and ASCII, and so is what follows it. Then
			// two words from its start are enough, whatever its length, while a
			// loop or a branch on the length would be mispredicted.
			if n > 16 || at+16 > len(s) || (ascii.Word(s[at:])|ascii.Word(s[at+8:]))&ascii.High != 0 {
				if !validUTF8(s[at:pos]) {
					return false
				}
			}
			*text(ev, in.text) = s[at:pos]
		case opScalar:
			v, next := readScalar(in.arg.typ, s, pos)
			if next < 0 {
				return false
			}
			// A value that an incidental field cannot take is left out.
			if code := in.arg.set(ev, v); code != 0 && in.arg.field.Refuses(code) {
				return false
			}
			pos = next
		case opUnion:
			branch, next := avro.ReadLong(s, pos)
			if next < 0 || uint64(branch) >= uint64(len(in.arg.targets)) {
				return false
			}
			pos = next
			pc = in.arg.targets[branch] - 1
		case opJump:
			pc = in.arg.targets[0] - 1
		case opSkip:
			if pos, parts = avro.Skip(in.arg.typ, payload, pos, parts, in.arg.depth); pos < 0 {
				return false
			}
		case opAttributes:
			if pos, parts = in.arg.attributes(payload, s, pos, parts, ev); pos < 0 {
				return false
			}
		default: // opRefuse
			return false
		}
	}
	return pos == len(s)
}

// readScalar reads a value of a type that is not a null, union, record, array or
// map, and returns where the next one begins, or -1.
func readScalar(t *avro.Type, s string, pos int) (v scalar, next int) {
	var size int
	switch t.Kind {
	case avro.Int, avro.Long, avro.Enum, avro.Bytes, avro.String:
		if v.num, pos = avro.ReadLong(s, pos); pos < 0 {
			return v, -1
		}
		switch t.Kind {
		case avro.Long:
			return v, pos
		case avro.Int:
			if v.num != int64(int32(v.num)) {
				return v, -1
			}
			return v, pos
		case avro.Enum:
			if uint64(v.num) >= uint64(len(t.Symbols)) {
				return v, -1
			}
			return scalar{text: t.Symbols[v.num]}, pos
		}
		if uint64(v.num) > uint64(len(s)-pos) {
			return v, -1
		}
		size = int(v.num)
	case avro.Boolean:
		size = 1
	case avro.Float:
		size = 4
	case avro.Double:
		size = 8
	case avro.Fixed:
		size = t.Size
	default:
		return v, -1
	}
	if size > len(s)-pos {
		return v, -1
	}
	next = pos + size
	b := s[pos:next]
	switch t.Kind {
	case avro.Boolean:
		if b[0] > 1 {
			return v, -1
		}
		return scalar{num: int64(b[0])}, next
	case avro.Float:
		return scalar{real: float64(math.Float32frombits(ascii.HalfWord(b)))}, next
	case avro.Double:
		return scalar{real: math.Float64frombits(ascii.Word(b))}, next
	}
	return scalar{text: b}, next
}
