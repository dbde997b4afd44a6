package program

import (
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// Fast is the program that hands what it cannot read to its judge.
type Fast = fastProgram

// Accepts reads a record without the judge; a panic is a test's.
func (p *fastProgram) Accepts(payload []byte, ev *event.Event) bool { return p.accepts(payload, ev) }

// Judge returns the program that reads what p does not accept.
func (p *fastProgram) Judge() Program { return p.judge }

// Root returns the schema that p reads.
func (p *fastProgram) Root() *avro.Type { return p.judge.root }
