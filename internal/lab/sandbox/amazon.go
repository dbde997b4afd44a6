package sandbox

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// TokenPath is where the token endpoint is.
const TokenPath = "/auth/o2/token"

// Amazon is a sandbox Amazon: an http.Handler, and a server around it. All its
// methods may be called at any time from any goroutine.
//
// As a handler without its server it panics with http.ErrAbortHandler where a
// fault closes the connection, as handlers do.
type Amazon struct {
	opts   Options
	mux    *http.ServeMux
	tokens *tokens
	faults *faults
	record *record
	shown  eventsManager

	changing  sync.Mutex // one change at a time
	behaviour atomic.Pointer[Behaviour]

	mu     sync.Mutex
	server *server // nil while stopped
}

// server is one time between Start and Close.
type server struct {
	http   *http.Server
	served chan struct{}

	mu       sync.Mutex
	closed   bool
	handlers sync.WaitGroup
}

// NewAmazon returns a sandbox Amazon that is not listening yet.
func NewAmazon(o Options) (*Amazon, error) {
	if err := o.normalise(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	a := &Amazon{opts: o, mux: http.NewServeMux(), tokens: newTokens(o), faults: newFaults(o.Seed, o.Now), record: newRecord(o)}
	a.behaviour.Store(&o.Behaviour)
	a.faults.set(o.Faults)
	a.mux.HandleFunc(TokenPath, a.serveToken)
	for _, c := range contracts() {
		a.mux.HandleFunc(c.path(), func(w http.ResponseWriter, r *http.Request) { a.serveEvents(c, w, r) })
	}
	a.mux.HandleFunc(accountsPath, a.serveAccounts)
	a.control()
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		send(w, r, failure(refuse(http.StatusNotFound, "NOT_FOUND", "there is no such path"), false), nil)
	})
	return a, nil
}

// ServeHTTP serves Amazon's endpoints and the control pages.
func (a *Amazon) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Start listens on addr, such as 127.0.0.1:0, and returns the base URL, which
// is the one for --amazon-url. After Close it can be started again, with all
// that it remembers: an Amazon that was away.
func (a *Amazon) Start(addr string) (url string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server != nil {
		return "", errors.New("sandbox Amazon: is running already")
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("sandbox Amazon: %w", err)
	}
	a.server = serve(ln, a)
	return baseURL(ln.Addr()), nil
}

// Serve is Start with a listener, which need not be the operating system's.
func (a *Amazon) Serve(ln net.Listener) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server != nil {
		return errors.New("sandbox Amazon: is running already")
	}
	a.server = serve(ln, a)
	return nil
}

// baseURL is how to reach a listener from this machine: one on all addresses
// has none of its own.
func baseURL(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", tcp.Port)
	}
	return "http://" + addr.String()
}

// Close stops listening, cuts what is under way and waits for it: nothing is
// recorded after it returns.
func (a *Amazon) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server != nil {
		a.server.close()
		a.server = nil
	}
}

// serve serves h on ln until closed.
func serve(ln net.Listener, h http.Handler) *server {
	s := &server{served: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.counted(h),
		ReadHeaderTimeout: 10 * time.Second,
		// What clients do wrong here is either a test's intention or in the
		// record; on stderr it would spoil the demo's table.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(ln) // ends with ErrServerClosed, by close
	}()
	return s
}

// counted lets close wait for handlers, which http.Server.Close does not.
func (s *server) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			panic(http.ErrAbortHandler)
		}
		s.handlers.Add(1)
		s.mu.Unlock()
		defer s.handlers.Done()
		h.ServeHTTP(w, r)
	})
}

func (s *server) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	_ = s.http.Close() // ends the requests' contexts, and with them what hangs
	<-s.served
	s.handlers.Wait()
}

// SetBehaviour changes what the sandbox does from the next request on. Counts
// and times of faults begin again.
func (a *Amazon) SetBehaviour(b Behaviour) error {
	return a.change(func(now *Behaviour) (bool, error) {
		*now = b
		return true, nil
	})
}

// SetFaults changes the faults alone; none makes it healthy.
func (a *Amazon) SetFaults(list ...Fault) error {
	return a.change(func(b *Behaviour) (bool, error) {
		b.Faults = list
		return true, nil
	})
}

// change lets f change a copy of the behaviour, which is put in force if it
// makes sense. The faults' counts stay as they are unless f says otherwise.
func (a *Amazon) change(f func(*Behaviour) (faultsToo bool, err error)) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	b := *a.behaviour.Load()
	faultsToo, err := f(&b)
	if err == nil {
		err = b.normalise()
	}
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	a.behaviour.Store(&b)
	if faultsToo {
		a.faults.set(b.Faults)
	}
	return nil
}

// WithdrawTokens makes every access token handed out so far invalid.
func (a *Amazon) WithdrawTokens() { a.tokens.withdrawAll() }

// Accepted returns how often events of this id were taken, of all profiles
// together; always 0 with Options.ForgetEvents.
func (a *Amazon) Accepted(eventID string) int { return a.record.accepted(eventID) }

// Event returns what is known of an event id of a profile.
func (a *Amazon) Event(profile, eventID string) (Event, bool) {
	return a.record.event(profile, eventID)
}

// Events returns all events that were sent for a profile, or for all if it is
// empty, in the order of profile and event id.
func (a *Amazon) Events(profile string) []Event { return a.record.events(profile) }

// Requests returns the last requests to the events endpoint, oldest first, as
// many as Options.KeepRequests. Their items must not be changed.
func (a *Amazon) Requests() []Request { return a.record.requests() }

// Stats returns what was sent and answered so far.
func (a *Amazon) Stats() Stats {
	s := a.record.stats()
	s.Faults = a.faults.states()
	return s
}
