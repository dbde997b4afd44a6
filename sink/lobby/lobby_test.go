package lobby

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// guest sits for a while and is noted when it is seated.
type guest struct {
	Ticket
	n     int
	stays time.Duration
	lobby *Lobby
	seat  func(n int)
}

func (g *guest) Visit() {
	g.seat(g.n)
	time.Sleep(g.stays)
	g.lobby.Leave()
}

// Whoever waits is seated once, not before it is due, in the order in which they are
// due, and no more at once than there are seats; the attendant ends with the line.
func TestGuestsAreSeatedInTurn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		due := rapid.SliceOfN(rapid.IntRange(0, 90), 1, 3*AtOnce).Draw(rt, "due")
		stays := rapid.SliceOfN(rapid.IntRange(1, 50), len(due), len(due)).Draw(rt, "stays")
		dropped := rapid.IntRange(-1, len(due)-1).Draw(rt, "dropped")
		synctest.Test(t, func(t *testing.T) {
			stop, cancel := context.WithCancel(t.Context())
			defer cancel()
			var wg sync.WaitGroup
			b := New(stop, time.Now, wg.Go)
			began := time.Now()
			var mu sync.Mutex
			var seated []int
			note := func(n int) {
				mu.Lock()
				defer mu.Unlock()
				if at := time.Since(began); at < time.Duration(due[n])*time.Second {
					rt.Errorf("%d was seated after %s, and is due after %d s", n, at, due[n])
				}
				if b.Seated() > AtOnce {
					rt.Errorf("%d are seated", b.Seated())
				}
				seated = append(seated, n)
			}
			guests := make([]*guest, len(due))
			for n := range due {
				g := &guest{n: n, stays: time.Duration(stays[n]) * time.Second, lobby: b, seat: note}
				guests[n] = g
				b.Join(&g.Ticket, g, began.Add(time.Duration(due[n])*time.Second), began)
			}
			want := len(due)
			if dropped >= 0 && b.Drop(&guests[dropped].Ticket) {
				want--
			}
			wg.Wait()
			if len(seated) != want || b.Seated() != 0 || b.attended {
				rt.Errorf("%d were seated, want %d; %d still are, attended %v", len(seated), want, b.Seated(), b.attended)
			}
			// Those who took their seats before anybody left came in order.
			first := seated[:min(len(seated), AtOnce)]
			if !slices.IsSortedFunc(first, func(x, y int) int { return due[x] - due[y] }) {
				rt.Errorf("the first were %v, due %v", first, due)
			}
		})
	})
}
