// Package find tells the whole story of one event: where it is in the source, what became
// of it there, and what becomes of it now. It reads the source newest first and only as
// far back as the story goes. It joins no group and writes nothing.
package find
