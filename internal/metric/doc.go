// Package metric constructs the metrics of this program, whose names share a prefix. It
// registers nothing and counts nothing. A metric belongs to the stage that counts it, and
// its help text there is what docs/reference shows.
package metric
