package health

import (
	"encoding/json"
	"net/http"
	"time"
)

// Status is the page /status: the complete known state of the process, for people and
// programs that investigate it. Orchestrators use /livez and /readyz.
type Status struct {
	Live  bool `json:"live"`
	Ready bool `json:"ready"`
	// Hangs is why the process is not live.
	Hangs string `json:"hangs,omitempty"`
	// Conditions are those of the process, which decide readiness.
	Conditions []State `json:"conditions"`
	// Profiles are the failing conditions of single profiles; MoreProfiles counts those
	// that are not listed.
	Profiles     []State `json:"profiles"`
	MoreProfiles int     `json:"more_profiles,omitempty"`
	// Lanes is the sink's state; nil before it has begun.
	Lanes *Lanes    `json:"lanes,omitempty"`
	At    time.Time `json:"at"`
}

// Lanes are the lanes of all profiles.
type Lanes struct {
	// States counts them by their state.
	States map[string]int `json:"states"`
	// Listed are those with events, held ones first; More counts those that are not listed.
	Listed []any `json:"listed"`
	More   int   `json:"more,omitempty"`
}

// MaxListed bounds the profiles and the lanes of /status: anybody who may write to the
// topic can name new ones.
const MaxListed = 100

// ShowLanes makes /status show the lanes.
func (s *Server) ShowLanes(lanes func() *Lanes) { s.lanes.Store(&lanes) }

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	page := Status{Live: true, Ready: true, Conditions: []State{}, Profiles: []State{}, At: s.conditions.now().UTC()}
	if err := s.live(); err != nil {
		page.Live, page.Hangs = false, err.Error()
	}
	for _, st := range s.conditions.States() {
		switch {
		case !st.Profile:
			page.Ready = page.Ready && st.OK
			page.Conditions = append(page.Conditions, st)
		case st.OK:
		case len(page.Profiles) < MaxListed:
			page.Profiles = append(page.Profiles, st)
		default:
			page.MoreProfiles++
		}
	}
	if lanes := s.lanes.Load(); lanes != nil {
		page.Lanes = (*lanes)()
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(page)
}
