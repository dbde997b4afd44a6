// Package avrotest has what tests of decoding share: an event with every field, schemas
// of strangers with their records, and Avro's encoding for bytes that no library would
// write. It may import the packages below schemas, but not schemas, whose own tests use
// it. It has no test of the decoder itself.
package avrotest
