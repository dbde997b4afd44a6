// Package stores reads certificates and keys from the files that Kafka clients keep them
// in: PEM, PKCS12 and Java's JKS. It recognises a format by its first bytes; wrong file
// names and types are common and do no harm.
package stores
