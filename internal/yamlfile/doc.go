// Package yamlfile reads YAML files that people write, and reports all mistakes at once,
// a line each, as "name:line: what, and what would be right". It walks the tree of nodes
// instead of unmarshalling into structs because only nodes know their lines.
//
// Which fields a file has is for its callers: accounts, mappings and their tests.
package yamlfile
