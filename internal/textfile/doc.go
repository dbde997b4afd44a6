// Package textfile reads files of text that people and other programs wrote, on
// systems that put a byte order mark in front or write UTF-16 unless told not to.
package textfile
