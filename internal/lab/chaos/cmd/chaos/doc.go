// Command chaos runs the program against servers that break, and has the auditor judge
// the result. It parses flags and passes on signals; what is started and broken is
// for package harness. It is what make chaos runs.
package main
