package redact

import "sync/atomic"

// masking is what happens when masking itself fails.
var masking struct {
	failures atomic.Uint64
	report   atomic.Pointer[func()] // nil once it has been called
}

// shielded returns what mask does. What a stranger says must not end the process through
// a mistake in here, so that a text whose masking panics is hidden whole.
func shielded(mask func() string) (text string) {
	defer func() {
		if recover() != nil {
			text = tooDeep
			masking.failures.Add(1)
			// What it logs passes through here, and may panic again.
			if report := masking.report.Swap(nil); report != nil {
				(*report)()
			}
		}
	}()
	return mask()
}

// OnFailure has report called when a text cannot be masked because doing so panics, the
// first time only. It is called on the stack of the panic, whose value may quote the text.
func OnFailure(report func()) { masking.report.Store(&report) }

// Failures returns how many texts could not be masked and were hidden whole.
func Failures() uint64 { return masking.failures.Load() }
