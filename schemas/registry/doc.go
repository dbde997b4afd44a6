// Package registry asks a Confluent-compatible schema registry for schemas and
// registers ours. Its errors tell an answer of no from a registry that is away,
// because only the first may cost a record. It keeps nothing, retries nothing and
// decodes nothing: caching belongs to the decoder, waiting to whoever asks.
package registry
