// Package operate has no code of its own: each package below it does what an operator asks
// for, mostly one command's work, so that tests reach it without a command line. They use
// the stages and package pipeline, and read topics with package history.
//
// Nothing that delivery needs belongs here: neither a stage nor the pipeline may import
// one of these packages. Flags and printing to the terminal are for cmd/amazon-capi.
package operate
