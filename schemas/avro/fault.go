package avro

import "fmt"

// Fault says in which way a record's value is not what its schema asks. It holds
// nothing of the value.
type Fault struct {
	Kind    FaultKind
	Field   string // path of the field at fault; empty when the whole value is
	Message string // a sentence without values
}

// FaultKind is the kind of a Fault.
type FaultKind uint8

// The kinds.
const (
	Tombstone     FaultKind = iota // a null value
	Empty                          // a value of no bytes
	NoMagic                        // not the Confluent wire format
	Short                          // ends within the header
	Truncated                      // ends within the record
	Corrupt                        // bytes that the schema does not allow
	TrailingBytes                  // goes on after the record
)

func (f *Fault) Error() string { return f.Message }

// SchemaError says that no record of a schema can be read, now or later.
type SchemaError struct {
	ID      uint32 // of the schema
	Unknown bool   // the registry has none of this id
	Message string // a sentence
}

func (e *SchemaError) Error() string { return fmt.Sprintf("schema id %d: %s", e.ID, e.Message) }
