// Package dlq reads dead-letter topics for operators: which letters there are and why,
// which were redriven, and what to do about the others. What a letter is belongs to
// sink/deadletter.
package dlq
