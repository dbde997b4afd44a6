// Package testkit is what tests of several packages share: building the program,
// certificates, searches in output, and the rules on imports and wording. Only tests and
// the lab import it. What one package's tests need stays beside them.
package testkit
