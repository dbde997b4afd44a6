// Package mutate makes small mistakes in the program's packages, one at a time, and
// reports which of them no test notices.
//
// A mutant is an edit of one expression or statement: a boundary moved, a condition
// negated, a statement dropped, two arguments swapped, a constant off by one, a result
// that is the zero value. Edits are found in the syntax tree, checked by go/types, so
// that no time goes into those that do not compile, and applied with -overlay, so that
// the files stay as they are.
//
// Which of a package's mutants are tried is decided by a seed. A mutant is known by its
// function, the text of its line and its edit, not by line number: code that moves
// keeps its mutants, its place in the sample, and its entry in equivalents.yaml, where
// those are argued that change nothing a test could notice.
//
// The mistakes that only a whole run can show are not here, but in
// internal/lab/chaos/mutants. This tool is kept instead of a published one for what it does
// beyond conditions: it drops statements, swaps arguments, draws a sample that stays the
// same as code moves, and applies each edit with an overlay. gremlins 0.6.0 does none of
// these, and copies the module for each worker.
package mutate
