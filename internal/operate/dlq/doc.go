// Package dlq reads dead-letter topics for operators: which letters there are and why,
// which were redriven, and what to do about the others. It also redrives them, which
// writes their originals back to the source. What a letter is belongs to sink/deadletter,
// and delivering what was redriven to run.
package dlq
