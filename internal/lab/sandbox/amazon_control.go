package sandbox

import (
	"bufio"
	"encoding/json"
	"net/http"
)

// control registers the pages that tests and people steer the sandbox by.
func (a *Amazon) control() {
	a.mux.HandleFunc("GET /sandbox/health", func(w http.ResponseWriter, r *http.Request) {
		send(w, r, reply{status: http.StatusOK, contentType: "text/plain", body: []byte("ok\n")}, nil)
	})
	a.mux.HandleFunc("GET /sandbox/stats", func(w http.ResponseWriter, r *http.Request) {
		send(w, r, jsonReply(http.StatusOK, a.Stats()), nil)
	})
	a.mux.HandleFunc("GET /sandbox/faults", a.showBehaviour)
	a.mux.HandleFunc("POST /sandbox/faults", a.changeBehaviour)
	a.mux.HandleFunc("GET /sandbox/events", a.listEvents)
	a.mux.HandleFunc("GET /sandbox/events-manager", a.showEventsManager)
}

func (a *Amazon) showBehaviour(w http.ResponseWriter, r *http.Request) {
	send(w, r, jsonReply(http.StatusOK, a.behaviour.Load()), nil)
}

// changeBehaviour changes the fields that it is sent, whole or not at all.
func (a *Amazon) changeBehaviour(w http.ResponseWriter, r *http.Request) {
	err := a.change(func(b *Behaviour) (faultsToo bool, err error) {
		// A list that is decoded into another one inherits its elements' fields.
		kept := b.Faults
		b.Faults = nil
		err = strictJSON(http.MaxBytesReader(w, r.Body, 1<<20), b)
		if faultsToo = b.Faults != nil; !faultsToo {
			b.Faults = kept
		}
		return faultsToo, err
	})
	if err != nil {
		send(w, r, failure(refuse(http.StatusBadRequest, "BAD_REQUEST", "%v", err), false), nil)
		return
	}
	a.showBehaviour(w, r)
}

func (a *Amazon) listEvents(w http.ResponseWriter, r *http.Request) {
	if a.opts.ForgetEvents {
		send(w, r, failure(refuse(http.StatusConflict, "FORGOTTEN", "this sandbox was told to forget its events; see its record"), false), nil)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, e := range a.Events(r.URL.Query().Get("profile")) {
		if e.Accepted > 0 && enc.Encode(e) != nil {
			return // the client has gone
		}
	}
	_ = out.Flush()
}
