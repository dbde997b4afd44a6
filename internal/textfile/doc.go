// Package textfile reads files of text that people and other programs wrote, on systems
// that put a byte order mark in front or write UTF-16 unless told not to. Everything that
// reads such a file uses it, so that all accept the same. It bounds nothing and parses
// nothing: that is for its callers.
package textfile
