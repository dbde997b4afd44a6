// Package count writes numbers of things for messages, so that "1 member" and "2 members"
// agree with their number. Everything that prints or logs a count uses it. It formats no
// tables, durations or sizes.
package count
