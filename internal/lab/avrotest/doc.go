// Package avrotest has what tests of decoding share: an event with every field, schemas
// of strangers with their records, and Avro's encoding for bytes that no library would
// write. It may import the rooms below schemas, and not schemas, whose tests use it.
package avrotest
