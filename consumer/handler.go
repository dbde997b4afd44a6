package consumer

import (
	"github.com/tracklayer/amazon-capi/consumer/parking"
	"github.com/tracklayer/amazon-capi/consumer/pump"
)

// Handler processes records and passes their verdicts to Settle, each with the handle
// under which the record was taken. The consumer does not know what a record is or where
// it goes, only that it has a profile, and that it may have to wait for that profile's
// turn.
type Handler interface {
	// NewWorker returns a worker. There are as many as pumps that compute at once.
	NewWorker() Worker
	// Flush says that no more records come for now, so that those taken need not wait for
	// others: of all profiles, or of those that are idle.
	Flush(all bool)
	// Forget releases what is held for assignments that have ended.
	Forget()
	parking.Room
}

// Worker handles records, one after the other.
type Worker = pump.Worker
