// Package setup has the commands that prepare and look at what run is given: the file of
// Amazon's accounts and the schemas in a registry. They parse, wire and print; what they
// do lives in internal/operate and schemas/registry, where tests reach it without a
// command line. A command that reads or moves records does not belong here.
package setup
