// Package javaprops parses Java's properties files, with their continued lines, escapes
// and encodings, and the JAAS login lines in them. Which properties there are, and what
// they mean here, is for package clientprops. Errors name lines and never quote them,
// since a value may be a password.
package javaprops
