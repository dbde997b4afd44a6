// Package metric constructs the metrics of this program, whose names share a prefix. It
// registers nothing and counts nothing.
package metric
