// Package batch holds encoded events on their way to Amazon: what goes in one request,
// the bytes of it, the records that it stands for, and what has happened to it so far.
// Its memory is lent and taken back. When a batch is sent and what becomes of it is for
// the lane to decide: nothing here sends, waits or locks.
package batch
