// Package javaprops parses Java's properties files, with their continued lines, escapes
// and encodings, and the JAAS login lines in them.
package javaprops
