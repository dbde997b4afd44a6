// Package receipt writes receipts: a record of what became of the events of one
// request, or of records that were never sent. It passes verdicts on once all replicas
// have their receipt, and gives up those of assignments that have ended. Nothing here
// decides a verdict, and the receipts' schema and its reader are in package schemas.
package receipt
