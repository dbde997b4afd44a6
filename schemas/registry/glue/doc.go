// Package glue is a client of AWS Glue's schema registry, which identifies schemas by the
// UUID of a version. Its errors are those of package registry: a negative answer differs
// from a Glue that is unavailable, refuses the credentials or throttles. It caches
// nothing; the decoder does.
package glue
