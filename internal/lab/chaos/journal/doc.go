// Package journal is what the harness tells the auditor, as files: where everything is,
// what it published and what should become of it, and what it did to whom and when. None
// of it says how the program behaved: the auditor finds that out by itself. It is all
// that the two share.
package journal
