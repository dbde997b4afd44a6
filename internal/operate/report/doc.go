// Package report has the output formats of operators' tools: findings with a level and
// what to do, tables, and progress on a terminal. It measures nothing itself and knows no
// stage. JSON is written by the tools, each with its own fields.
package report
