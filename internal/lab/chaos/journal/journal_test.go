package journal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(s int) time.Time { return time.Date(2026, 11, 22, 12, 0, s, 0, time.UTC) }

// TestReadFaults: the ends of faults are put to their beginnings, and of what a
// member had in flight the most it said is kept.
func TestReadFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), FaultsFile)
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	kill := Fault{ID: 1, Kind: Kill, Began: at(1), Member: "m0", InFlight: map[string]int{"m0": 7, "m1": 2}}
	hang := Fault{ID: 2, Kind: Amazon, Began: at(2), Does: []Does{{Name: "hang", Do: "hang"}}}
	exit := Exit{At: at(3), Member: "m0", Told: "SIGKILL", Code: -1, Log: "m0.1.log"}
	done := Drained{Quiet: at(8), At: at(9), Acknowledged: 40}
	for _, l := range []Line{
		{Began: &kill}, {Began: &hang}, {Exit: &exit},
		{Ended: &Ended{ID: 1, At: at(4), InFlight: map[string]int{"m0": 3, "m1": 5, "m2": 1}}}, {Drained: &done},
	} {
		if err := w.Write(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	kill.Ended, kill.InFlight = at(4), map[string]int{"m0": 7, "m1": 5, "m2": 1}
	got, err := ReadFaults(path)
	want := Story{Faults: []Fault{kill, hang}, Exits: []Exit{exit}, Drained: &done}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := Create(path); err == nil {
		t.Error("an earlier run's file was opened for writing")
	}
}

func TestReadFaultsThatNeverBegan(t *testing.T) {
	path := filepath.Join(t.TempDir(), FaultsFile)
	if err := os.WriteFile(path, []byte(`{"ended":{"id":3,"at":"2026-11-22T12:00:00Z"}}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFaults(path); err == nil {
		t.Error("the end of a fault without its beginning was read")
	}
}

func TestRunIsReadAsWritten(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadRun(dir); err == nil {
		t.Error("a run that never was has been read")
	}
	want := Run{Seed: 7, Began: at(0), Brokers: []string{"127.0.0.1:9092"}, Topic: "t", Receipts: "r", CommitInterval: time.Second, MaxInFlight: 9}
	if err := WriteRun(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRun(dir)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
