// Package setup assembles a configuration: it takes what is given, asks for what is
// missing, tries each part on the servers, and writes a file that run accepts. It writes
// no secret and changes nothing on a server. What the parts must be is for package
// config, and the trials for package check.
package setup
