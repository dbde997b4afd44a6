package framing

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Kind says whose name a Ref is, and so which registry to ask for its schema.
type Kind uint8

// The kinds.
const (
	None              Kind = iota
	ID                     // an id of a Confluent-compatible registry
	GUID                   // a GUID, which is the same in every copy of such a registry
	ApicurioID             // a global or content id: the bytes do not say which
	ApicurioGlobalID       // a global id, so named by its header
	ApicurioContentID      // a content id, so named by its header
	GlueVersion            // the UUID of a schema version in AWS Glue
)

// Ref is a record's name for its schema. Refs are comparable.
type Ref struct {
	Kind   Kind
	Hi, Lo uint64 // Lo is an id; both are a UUID
}

// RefID returns a registry's id as a Ref.
func RefID(id uint32) Ref { return Ref{Kind: ID, Lo: uint64(id)} }

// RefNumber returns an id of any kind as a Ref.
func RefNumber(k Kind, id uint64) Ref { return Ref{Kind: k, Lo: id} }

// RefUUID returns a GUID or a version's UUID as a Ref.
func RefUUID(k Kind, uuid [16]byte) Ref {
	return Ref{k, binary.BigEndian.Uint64(uuid[:8]), binary.BigEndian.Uint64(uuid[8:])}
}

// Number returns the id, 0 if the Ref is a UUID.
func (r Ref) Number() uint64 {
	if r.Kind == GUID || r.Kind == GlueVersion {
		return 0
	}
	return r.Lo
}

// UUID returns the GUID or UUID in its usual form, empty if the Ref is an id.
func (r Ref) UUID() string {
	if r.Kind != GUID && r.Kind != GlueVersion {
		return ""
	}
	b := r.bytes()
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ParseUUID reads a GUID or a version's UUID in its usual form.
func ParseUUID(k Kind, text string) (Ref, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		return Ref{}, errors.New("it is not a UUID: want 32 hexadecimal digits")
	}
	return RefUUID(k, [16]byte(b)), nil
}

func (r Ref) bytes() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], r.Hi)
	binary.BigEndian.PutUint64(b[8:], r.Lo)
	return b
}

var kindNames = [...]string{
	ID: "schema id", GUID: "schema GUID", ApicurioID: "Apicurio id", ApicurioGlobalID: "Apicurio global id",
	ApicurioContentID: "Apicurio content id", GlueVersion: "Glue schema version",
}

// String names the schema for errors and logs. Of a UUID it has the first six digits: the
// advertising ids of phones are UUIDs, which are masked, and until a registry knows it a
// record's UUID may be anything.
func (r Ref) String() string {
	switch r.Kind {
	case None:
		return "no schema"
	case GUID, GlueVersion:
		b := r.bytes()
		return kindNames[r.Kind] + " " + hex.EncodeToString(b[:3]) + "..."
	}
	return fmt.Sprintf("%s %d", kindNames[r.Kind], r.Lo)
}

// Full is String with the whole UUID, for schemas that a registry knows.
func (r Ref) Full() string {
	if uuid := r.UUID(); uuid != "" {
		return kindNames[r.Kind] + " " + uuid
	}
	return r.String()
}
