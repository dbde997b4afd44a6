// Package complete prints the completion scripts of shells and finds the values that they offer:
// of brokers those that answer within a second. What commands and flags there are is cobra's
// knowledge. Nothing is kept, and nothing but dead letters is read.
package complete
