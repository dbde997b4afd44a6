//go:build synctests

package sim

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
)

var inBubble = regexp.MustCompile(`synctest bubble (\d+)`)

// clientsLeftover is what the Kafka client (franz-go 1.22) sometimes leaves behind: a poll
// that is cut off as its member leaves still counts as one, so that a goroutine which is to
// clean up waits for it for ever. The member has left by then, by a client of its own.
const clientsLeftover = "kgo.(*Client).LeaveGroupContext.func1"

// onlyLeftovers reports whether there is a bubble in a dump of all goroutines that has no
// goroutines but such. Bubbles of worlds that go on have others.
func onlyLeftovers(dump string) bool {
	leftovers, others := make(map[string]bool), make(map[string]bool)
	for stack := range strings.SplitSeq(dump, "\n\n") {
		head, rest, _ := strings.Cut(stack, "\n")
		m := inBubble.FindStringSubmatch(head)
		switch {
		case m == nil:
		case strings.Contains(rest, clientsLeftover):
			leftovers[m[1]] = true
		default:
			others[m[1]] = true
		}
	}
	for bubble := range leftovers {
		if !others[bubble] {
			return true
		}
	}
	return false
}

func goroutines() string {
	b := make([]byte, 16<<20)
	return string(b[:runtime.Stack(b, true)])
}

func TestOnlyLeftovers(t *testing.T) {
	const left = "goroutine 7 [sync.Cond.Wait (durable), synctest bubble 1]:\nsync.(*Cond).Wait(0)\ngithub.com/twmb/franz-go/pkg/" + clientsLeftover + "()\n"
	const living = "\ngoroutine 8 [sleep (durable), synctest bubble 2]:\ntime.Sleep(0)\n"
	const same = "\ngoroutine 9 [sleep (durable), synctest bubble 1]:\ntime.Sleep(0)\n"
	for dump, want := range map[string]bool{left: true, left + living: true, left + same: false, living: false, "": false} {
		if got := onlyLeftovers(dump); got != want {
			t.Errorf("%t, want %t of\n%s", got, want, dump)
		}
	}
}
