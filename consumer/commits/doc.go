// Package commits commits the progress of a member's partitions: one commit at a time, at
// an interval, soon, or for the last time before partitions are fenced, and it pauses
// taking while commits fail. It asks the assignments what to commit when a commit is
// made, and again just before it is sent. It takes no records, settles nothing, and
// assigns nothing.
package commits
