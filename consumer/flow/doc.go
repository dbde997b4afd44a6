// Package flow bounds how much is taken and when: the window of what is in flight, what
// pumps have not begun, the brake while commits fail, a job's pace, how long a commit's
// metadata may be, what a batch may unpack to, and into which memory.
//
// It knows nothing of partitions or records, and holds nobody up by itself: who takes
// asks, and waits.
package flow
