// Package flow bounds how much is taken and when: the window of what is in flight, the
// pumps' inboxes, the brake while commits fail, a job's pace, the length of a commit's
// metadata, and how much memory a batch may unpack to. Each bound is asked by those who
// take records, and its callers do the waiting. It knows nothing of partitions or of what
// a record holds.
package flow
