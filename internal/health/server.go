package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Server serves what an operator and an orchestrator need to know about a process:
//
//	/metrics  Prometheus
//	/livez    200 while the process makes progress or has reason not to
//	/readyz   200 if all conditions of the process are well, else 503 and the failing ones
//	/status   everything, with profiles and lanes, since when and what to do; JSON
//
// Both health pages answer in text, or in JSON for ?format=json and for clients that accept only
// JSON. The server has no password, so what a stranger can make it hold is bounded: connections,
// headers, bodies, and the time for each.
type Server struct {
	conditions *Conditions
	live       func() error
	mux        *http.ServeMux
	http       *http.Server
	addr       atomic.Value // string, once listening
	listener   *boundedListener
	lanes      atomic.Pointer[func() *Lanes]
}

// NewServer returns a server that is not listening yet. live returns an error if the process
// hangs; nil means that it never does.
func NewServer(cs *Conditions, live func() error, metrics prometheus.Gatherer) *Server {
	if live == nil {
		live = func() error { return nil }
	}
	mux := http.NewServeMux()
	s := &Server{conditions: cs, live: live, mux: mux}
	mux.Handle("GET /metrics", newTurns(maxScrapes).handler(promhttp.HandlerFor(metrics, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError,
	})))
	mux.HandleFunc("GET /livez", s.livez)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /status", s.status)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "amazon-capi: /metrics /livez /readyz /status\n")
	})
	s.http = &http.Server{
		// No page needs a body, so none is read.
		Handler:     answering(http.MaxBytesHandler(mux, 0)),
		ConnContext: withConn,
		ConnState:   answered,
		// An unfinished request, or a page that is not read to its end, must not hold a
		// connection forever.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		// Faults of a connection concern its client, and net/http writes them to the
		// standard logger unless told otherwise.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return s
}

// maxScrapes bounds the /metrics pages that are made at once, each of which is in memory
// until its client has read it.
const maxScrapes = 8

// Profile serves Go's profiles below /debug/pprof/. Call it before Start.
//
// Unlike Go's default it omits the command line, because flags may be secrets. Profiles
// show which functions run and what they allocate, no contents.
func (s *Server) Profile() {
	for _, name := range []string{"allocs", "block", "goroutine", "heap", "mutex", "threadcreate"} {
		s.mux.Handle("GET /debug/pprof/"+name, pprof.Handler(name))
	}
	s.mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	s.mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// Start listens on addr, such as ":8080", and serves until Close.
func (s *Server) Start(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %q for metrics and health (%s): %w", addr, setting.Listen, err)
	}
	s.addr.Store(l.Addr().String())
	s.listener = &boundedListener{Listener: l, most: maxConnections}
	go func() {
		defer crash.Report()
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.conditions.Condition("listen").Fail(redact.Error(err))
		}
	}()
	return nil
}

// Addr returns where the server listens; empty until it does.
func (s *Server) Addr() string {
	addr, _ := s.addr.Load().(string)
	return addr
}

// Close ends the server, letting requests in progress finish until ctx is done.
func (s *Server) Close(ctx context.Context) {
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

func (s *Server) livez(w http.ResponseWriter, r *http.Request) {
	if err := s.live(); err != nil {
		s.write(w, r, false, []State{{Name: "progress", Reason: err.Error()}})
		return
	}
	s.write(w, r, true, nil)
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	var states []State
	ok := true
	for _, st := range s.conditions.States() {
		if !st.Profile {
			ok = ok && st.OK
			states = append(states, st)
		}
	}
	s.write(w, r, ok, states)
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, ok bool, states []State) {
	status, word := http.StatusOK, "ok"
	if !ok {
		status, word = http.StatusServiceUnavailable, "not ok"
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Query().Get("format") == "json" || r.Header.Get("Accept") == "application/json" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(struct {
			OK         bool    `json:"ok"`
			Conditions []State `json:"conditions,omitempty"`
		}{ok, states})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	var b strings.Builder
	for _, st := range states {
		if st.OK {
			fmt.Fprintf(&b, "[+] %s ok\n", st.Name)
			continue
		}
		fmt.Fprintf(&b, "[-] %s: %s", st.Name, st.Reason)
		if !st.Since.IsZero() {
			fmt.Fprintf(&b, " (since %s)", st.Since.UTC().Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s\n", word)
	_, _ = w.Write([]byte(b.String()))
}
