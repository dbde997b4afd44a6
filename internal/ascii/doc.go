// Package ascii answers questions about text for which nearly every text of an event has
// the same answer: it is ASCII, and nothing in it needs care. It examines eight bytes at
// a time without a branch for each, because a loop over bytes is most of the cost of a
// short text. What to do about other text is for its callers: decoding, normalising and
// encoding.
package ascii
