// Package mappingtest runs the cases that a team keeps for its mapping: an event in, a
// payload out, in YAML and without Go. Rules belong to transform.
package mappingtest
