package assignment

import "github.com/twmb/franz-go/pkg/kgo"

// Selection is a set of records.
type Selection interface {
	// Has reports whether the record at that offset is in the set.
	Has(partition int32, offset int64) bool
	// End returns the offset after a partition's last record in the set; 0 if there is none.
	End(partition int32) int64
}

// Of makes the assignment part of a job, which is about a selection and leaves the other
// records to a later one if leaveOthers is set. Call it before anything is taken.
func (a *Assignment) Of(s Selection, leaveOthers bool) { a.selection, a.leaveOthers = s, leaveOthers }

// Within cuts off what lies beyond the end of the job, and reports whether the end is reached.
func (a *Assignment) Within(records []*kgo.Record) (within []*kgo.Record, end bool) {
	if a.selection == nil {
		return records, false
	}
	to := a.selection.End(a.partition)
	for i, r := range records {
		if r.Offset >= to {
			return records[:i], true
		}
	}
	return records, len(records) > 0 && records[len(records)-1].Offset+1 >= to
}

// Finish notes that the partition is read as far as its job goes.
func (a *Assignment) Finish() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.atEnd = true
}

// Progress reports whether all of the job is taken, and whether all of it is settled.
func (a *Assignment) Progress() (taken, settled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.atEnd, a.atEnd && a.ledger.Undone() == a.others
}

// LeaveToOthers leaves a record to a later job. It returns the bytes that are no longer
// in flight; false if the record is not the assignment's to leave.
func (a *Assignment) LeaveToOthers(seq uint64) (freed int64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return 0, false
	}
	_, more, ok := a.ledger.Resize(seq, 0)
	if ok {
		a.others++
		a.noteDrained()
	}
	return -int64(more), ok
}
