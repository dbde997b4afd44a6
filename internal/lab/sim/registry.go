package sim

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// faultyRegistry is a registry that goes wrong in a way of registryFaults.
type faultyRegistry struct {
	honest http.Handler
	fault  atomic.Pointer[http.HandlerFunc]
}

// registryFaults are what it may do in place of an answer. None says in a registry's own
// words that a schema does not exist, or has a text that is none: those are believed, and
// events become dead letters that can be sent through again.
var registryFaults = []http.HandlerFunc{
	func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusTooManyRequests)
	},
	func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	// A proxy's own page, with good news and with bad ones.
	func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>welcome</html>") },
	func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>not found</html>", http.StatusNotFound)
	},
	func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+honestRegistry+r.URL.Path, http.StatusTemporaryRedirect)
	},
	// Half of an answer.
	func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4096")
		_, _ = io.WriteString(w, `{"schema":"{\"type\":`)
		panic(http.ErrAbortHandler)
	},
	func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) },
	// More than anybody should read.
	func(w http.ResponseWriter, _ *http.Request) {
		spaces := strings.Repeat(" ", 64<<10)
		for range 256 {
			if _, err := io.WriteString(w, spaces); err != nil {
				return
			}
		}
	},
	// Nothing, until who asks gives up, which is noticed only once the question has been read.
	func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	},
}

// ServeHTTP implements http.Handler.
func (f *faultyRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := f.fault.Load(); fault != nil {
		(*fault)(w, r)
		return
	}
	f.honest.ServeHTTP(w, r)
}

// openRegistry serves the registry at both of its addresses.
func (w *world) openRegistry() error {
	w.schemas = &faultyRegistry{honest: srfake.NewRegistry().Handler()}
	for address, handler := range map[string]http.Handler{registryAddress: w.schemas, honestRegistry: w.schemas.honest} {
		ln, err := w.net.Listen("tcp", address)
		if err != nil {
			return err
		}
		s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		w.registries = append(w.registries, s)
		go func() { _ = s.Serve(ln) }()
	}
	return nil
}

// misinform has the registry go wrong for a while.
func (w *world) misinform(s Step) func() {
	fault := registryFaults[s.Whom%len(registryFaults)]
	w.schemas.fault.Store(&fault)
	return func() { w.schemas.fault.CompareAndSwap(&fault, nil) }
}
