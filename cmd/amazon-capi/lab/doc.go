// Package lab has the commands that need no real world: demo, sandbox, publish and
// bench. Like all commands they parse, wire and print; what they start lives in
// internal/lab, where tests reach it without a command line. A command that operators
// run against their own topics does not belong here.
package lab
