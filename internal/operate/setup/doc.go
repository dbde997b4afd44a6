// Package setup assembles a configuration: it takes what is given, asks for what is
// missing, tries each part on the servers, and writes a file that run accepts.
package setup
