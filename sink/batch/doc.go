// Package batch holds encoded events on their way to Amazon: which events share a request,
// their bytes, the records they stand for, and what has happened to them so far. Its
// memory is pooled. The lane decides when a batch is sent and what follows: nothing here
// sends, waits or locks.
package batch
