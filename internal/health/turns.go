package health

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// turns bounds the pages of a kind that are answered at once. A client that does not
// read its page keeps its turn, so while others wait its connection is closed. Refusing
// those instead would let a few such clients keep every other from the page.
type turns struct {
	free chan struct{} // has one for each turn that is taken

	mu    sync.Mutex
	taken []turn // from the oldest on
}

type turn struct {
	conn  *boundedConn
	since time.Time
}

func newTurns(most int) *turns { return &turns{free: make(chan struct{}, most)} }

// handler has h answer one request for each turn.
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

// take waits for a turn. It reports false if ctx ends first.
// What waits is not being answered: it must not keep a probe from being served.
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

// begin notes a turn that was taken; the function that it returns gives it back.
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

// hasten closes the oldest connection whose client does not read, or that has had its
// turn for too long. The turn ends as soon as its write has failed.
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
