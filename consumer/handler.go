package consumer

import (
	"github.com/tracklayer/amazon-capi/consumer/parking"
	"github.com/tracklayer/amazon-capi/consumer/pump"
)

// Handler makes something of records and has their verdicts given to Settle, each by
// the handle under which the record was taken. What a record is and where it goes is
// the Handler's business: the consumer knows that it has a profile, and that it may
// have to wait for that profile's turn.
type Handler interface {
	// NewWorker returns a worker. There are as many as pumps that compute at once.
	NewWorker() Worker
	// Flush says that no more records come for now, so that what was taken is not to
	// wait for others: of all profiles, or of those that have nothing else to do.
	Flush(all bool)
	// Forget frees what is held of assignments that have ended.
	Forget()
	parking.Room
}

// Worker handles records, one after the other.
type Worker = pump.Worker
