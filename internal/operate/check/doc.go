// Package check examines a configuration before it is used: the settings themselves, and
// what the servers answer to them. It changes nothing on any server. Output formats are
// in package report.
package check
