// Package framing finds out how a record names the schema that wrote it: by a header or
// by the bytes before the Avro, in the ways of Confluent, Apicurio and AWS Glue. It makes
// no requests and reads nothing of the record behind that. The registries know what a
// name stands for, and package schemas asks them.
package framing
