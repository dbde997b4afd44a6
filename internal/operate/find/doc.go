// Package find tells the whole story of one event: where it is in the source, what happened
// to it, and what the present settings make of it. It reads the source newest first and only
// as far back as the story goes. It joins no group and writes nothing.
package find
