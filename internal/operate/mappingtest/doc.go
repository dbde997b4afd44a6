// Package mappingtest runs the cases that a team keeps for its mapping: an event in, a
// payload out, in YAML and without Go. It sends nothing and needs no server. Rules belong
// to transform, and payloads to sink/amazon.
package mappingtest
