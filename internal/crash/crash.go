package crash

import (
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// code is the exit code, Go's own after a panic.
const code = 2

// maxFrames bounds the functions that are named.
const maxFrames = 32

// to is where panics are written; nil means standard error.
var to atomic.Pointer[func(reason string, stack []string)]

// To makes log write panics from now on.
func To(log func(reason string, stack []string)) { to.Store(&log) }

// Report ends the process if its goroutine panics. It must be deferred directly, and
// first, so that it runs last.
func Report() {
	v := recover()
	if v == nil {
		return
	}
	why, stack := reason(v), Stack()
	if log := to.Load(); log != nil {
		(*log)(why, stack)
	} else {
		fmt.Fprintf(os.Stderr, "amazon-capi: panic: %s\n\t%s\n", why, strings.Join(stack, "\n\t"))
	}
	os.Exit(code)
}

// reason describes a panic's value without quoting it. A value that is neither an error
// nor a text is named by its type: it could be an event.
func reason(v any) (text string) {
	defer func() {
		if recover() != nil { // the error's own method panics
			text = fmt.Sprintf("a value of type %T", v)
		}
	}()
	switch v := v.(type) {
	case runtime.Error:
		return redact.Message(v.Error()) // of types, indexes and lengths
	case error:
		return redact.Parser(v)
	case string:
		return redact.Parser(errors.New(v))
	}
	return fmt.Sprintf("a value of type %T", v)
}

// Stack names the functions and positions of the panic, the innermost first.
func Stack() []string {
	pcs := make([]uintptr, 2*maxFrames)
	pcs = pcs[:runtime.Callers(2, pcs)]
	var all []string
	for next := runtime.CallersFrames(pcs); ; {
		f, more := next.Next()
		if f.Function == "runtime.gopanic" || f.Function == "runtime.sigpanic" {
			all = all[:0] // the frames above lead from the panic to here
		} else if f.Function != "" && f.Function != "runtime.goexit" {
			all = append(all, fmt.Sprintf("%s (%s:%d)", f.Function, path.Base(f.File), f.Line))
		}
		if !more {
			return all[:min(len(all), maxFrames)]
		}
	}
}
