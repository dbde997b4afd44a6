// Package history reads ranges of topics: once, without a group, and to an end that is
// known before the first record. Every tool reads topics with it.
package history
