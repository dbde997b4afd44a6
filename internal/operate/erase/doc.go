// Package erase finds the events that somebody wants erased, puts them on the list of
// what must not be sent again, and says where copies remain. The list itself is package
// erasure. It deletes no record: retention does, and the report says when.
package erase
