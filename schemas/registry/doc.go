// Package registry asks a Confluent-compatible schema registry for schemas and
// registers ours. Its errors distinguish a negative answer from an unavailable registry,
// because only the first may cost a record. It caches nothing, retries nothing and
// decodes nothing: the decoder caches, and the caller waits.
package registry
