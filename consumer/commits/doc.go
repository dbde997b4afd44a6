// Package commits writes down how far a member's partitions have got: one commit at a
// time, at an interval, soon, or for the last time before partitions are fenced, and it
// holds taking up while commits fail. What is to be committed is asked of the
// assignments when a commit is made, and again just before it is sent. It takes no
// records, settles nothing, and assigns nothing.
package commits
