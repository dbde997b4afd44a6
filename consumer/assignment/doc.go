// Package assignment holds one partition for as long as this member owns it: the phase
// of its life, the ledger of what was taken, the inbox of its pump, and what is claimed
// of its log. Others call its methods and never take its lock, and each method is one
// step that leaves it whole. It asks no broker, commits nothing and starts nothing: that
// is up to the consumer and its other rooms.
package assignment
