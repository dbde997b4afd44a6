// Package audit judges a run: what was published against what Amazon took, what the dead
// letters hold, and what the group committed when.
//
// [Gather] reads the facts from where they are first written, and [Judge] decides about
// them alone, without clock, network or files, so that every rule of it has a test. It
// may import nothing of the pipeline, not even its decoder, so that a mistake there shows
// instead of being agreed with.
package audit
