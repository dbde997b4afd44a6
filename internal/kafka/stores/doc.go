// Package stores reads certificates and keys from the files that Kafka clients keep them
// in: PEM, PKCS12 and Java's JKS. It recognises a format by its first bytes, because
// wrong file names and types are common and do no harm. It makes no TLS configuration and
// watches no file: package kafka does.
package stores
