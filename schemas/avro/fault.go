package avro

import "fmt"

// Fault says how a record's value violates its schema. It contains nothing of the value.
type Fault struct {
	Kind    FaultKind
	Field   string // path of the faulty field; empty if it is the whole value
	Message string // a sentence without values
}

// FaultKind is the kind of a Fault.
type FaultKind uint8

// The kinds.
const (
	Tombstone     FaultKind = iota // a null value
	Empty                          // a value of no bytes
	NoMagic                        // names no schema
	Short                          // ends within the header
	Truncated                      // ends within the record
	Corrupt                        // bytes that the schema does not allow
	TrailingBytes                  // goes on after the record
	BadHeader                      // a header that does not name a schema as it should
	Foreign                        // says itself that it is not Avro
	BadZlib                        // what is compressed cannot be inflated
)

func (f *Fault) Error() string { return f.Message }

// SchemaError says that no record of a schema can be read, now or later.
type SchemaError struct {
	ID      uint32 // of the schema; 0 for one that is asked for by another name
	Unknown bool   // the registry has none of this name
	Message string // a sentence
}

func (e *SchemaError) Error() string {
	if e.ID == 0 {
		return e.Message
	}
	return fmt.Sprintf("schema id %d: %s", e.ID, e.Message)
}
