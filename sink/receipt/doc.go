// Package receipt writes receipts: the verdicts on the events of one request, or on records
// that were never sent. It passes verdicts on once all replicas have their receipt, and drops
// those of ended assignments. It decides no verdict; the receipts' schema and its reader are
// in package schemas.
package receipt
