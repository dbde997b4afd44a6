// Package assignment holds one partition for as long as this member owns it: the phase of
// its life, the ledger of what was taken, the inbox of its pump, and the claims about its
// log. Others call its methods and never take its lock; each method is one step that
// leaves it consistent. It makes no request to brokers, commits nothing and starts
// nothing: that is for the consumer and its other packages.
package assignment
