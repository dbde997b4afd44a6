// Package mutants holds mistakes that programs of this kind make, each as an edit
// of the program's source. The chaos run builds a program with one of them to
// show that the auditor notices.
//
// The edits are applied with go build -overlay, so that the program's own files
// hold none of them. An edit replaces a text that its file has exactly once; a
// test of this package fails as soon as one does not.
package mutants
