package health

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// turns bounds the pages of a kind that are answered at once. A client that does not read
// its page keeps its turn, so its connection is closed while others wait. Refusing the
// others instead would let a few such clients keep everyone else from the page.
type turns struct {
	free chan struct{} // one entry for each turn in use

	mu    sync.Mutex
	taken []turn // oldest first
}

type turn struct {
	conn  *boundedConn
	since time.Time
}

func newTurns(most int) *turns { return &turns{free: make(chan struct{}, most)} }

// handler makes h answer one request per turn.
func (t *turns) handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(connKey{}).(*boundedConn)
		if !t.take(r.Context(), conn) {
			return // its client has gone
		}
		defer t.begin(conn)()
		h.ServeHTTP(w, r)
	})
}

// take waits for a turn; false if ctx ends first.
// A waiting request is not being answered: it must not keep a probe from being served.
func (t *turns) take(ctx context.Context, conn *boundedConn) bool {
	select {
	case t.free <- struct{}{}:
		return true
	default:
	}
	if conn != nil {
		conn.is(false)
		defer conn.is(true)
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case t.free <- struct{}{}:
			return true
		case <-ctx.Done():
			return false
		case <-look.C:
			t.hasten()
		}
	}
}

// begin records a turn in use; the returned function ends it.
func (t *turns) begin(conn *boundedConn) (end func()) {
	t.mu.Lock()
	t.taken = append(t.taken, turn{conn, time.Now()})
	t.mu.Unlock()
	return func() {
		t.mu.Lock()
		for i := range t.taken {
			if t.taken[i].conn == conn {
				t.taken = append(t.taken[:i], t.taken[i+1:]...)
				break
			}
		}
		t.mu.Unlock()
		<-t.free
	}
}

// longestTurn is how long a turn may last while others wait for one.
const longestTurn = 5 * time.Second

// hasten closes the oldest connection whose client does not read, or whose turn has
// lasted too long. The turn ends when its write has failed.
func (t *turns) hasten() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.taken {
		if one.conn != nil && (one.conn.unread() > answerTime || time.Since(one.since) > longestTurn) {
			_ = one.conn.Close()
			return
		}
	}
}
