// Package history reads ranges of topics: once, without a group, and to an end that is
// known before the first record. Operators' tools and the list of erased events read
// topics with it. It commits nothing and judges no record; what is read is for its
// callers to make sense of.
package history
