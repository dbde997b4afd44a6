package framing

import (
	"fmt"
	"slices"
	"strings"
)

// Set is a set of framings. As the Framing of a Found it has one.
type Set uint8

// The framings.
const (
	ConfluentHeader Set = 1 << iota // header __value_schema_id, bare Avro
	ConfluentPrefix                 // 0x00 and an id of 4 bytes, Avro
	ApicurioHeader                  // header apicurio.value.globalId or .contentId, bare Avro
	ApicurioPrefix                  // 0x00 and an id of 8 bytes, Avro
	Glue                            // 0x03, 0x00 or 0x05, a UUID, Avro or Avro in zlib

	headers = ConfluentHeader | ApicurioHeader
	// All is every framing, each found where it is.
	All = ConfluentHeader | ConfluentPrefix | ApicurioHeader | ApicurioPrefix | Glue
)

// Auto is the name of All.
const Auto = "auto"

var names = []struct {
	set  Set
	name string
	long string
}{
	{ConfluentHeader, "confluent-header", "Confluent's header __value_schema_id"},
	{ConfluentPrefix, "confluent-prefix", "Confluent's prefix, 0x00 and 4 bytes"},
	{ApicurioHeader, "apicurio-header", "Apicurio's headers apicurio.value.globalId and .contentId"},
	{ApicurioPrefix, "apicurio-prefix", "Apicurio's prefix, 0x00 and 8 bytes"},
	{Glue, "glue", "AWS Glue's prefix, 0x03"},
}

// Names lists the framings.
func Names() []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = n.name
	}
	return all
}

// Parse reads a set of framings: auto, or names of framings.
func Parse(list []string) (s Set, err error) {
	for _, word := range list {
		word = strings.TrimSpace(word)
		if word == Auto {
			s |= All
			continue
		}
		i := slices.Index(Names(), word)
		if i < 0 {
			return 0, fmt.Errorf("%q is unknown: want %s, or a list of %s", word, Auto, strings.Join(Names(), ", "))
		}
		s |= names[i].set
	}
	if s == 0 {
		return 0, fmt.Errorf("it is empty: want %s, or a list of %s", Auto, strings.Join(Names(), ", "))
	}
	return s, nil
}

// String names the set as Parse reads it.
func (s Set) String() string {
	if s == All {
		return Auto
	}
	var list []string
	for _, n := range names {
		if s&n.set != 0 {
			list = append(list, n.name)
		}
	}
	return strings.Join(list, ",")
}

// Tried says what was looked for, for people.
func (s Set) Tried() string {
	var list []string
	for _, n := range names {
		if s&n.set != 0 {
			list = append(list, n.long)
		}
	}
	return strings.Join(list, "; ")
}
