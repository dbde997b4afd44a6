package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/operate/reconcile"
)

func TestReconcileOfSeveralTopics(t *testing.T) {
	s := regions(t)
	file := filepath.Join(t.TempDir(), "events.csv")
	both := s.reconcile(exitOK, append(listed, "--events", file)...)
	eu, us := s.reconcile(exitOK, "--topic", regional[0]), s.reconcile(exitOK, "--topic", regional[1])
	if both.sum.Source != 200 || eu.sum.Source != 120 || both.sum.Accepted != eu.sum.Accepted+us.sum.Accepted || both.sum.DeadLettered() != eu.sum.DeadLettered()+us.sum.DeadLettered() || both.sum.Missing > 0 {
		t.Errorf("both: %+v\n%s: %+v\n%s: %+v", both.sum, regional[0], eu.sum, regional[1], us.sum)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	of := make(map[string]int)
	column := slices.Index(rows[0], "topic")
	for _, row := range rows[1:] {
		of[row[column]]++
	}
	if of[regional[0]] == 0 || of[regional[1]] == 0 || of[regional[0]]+of[regional[1]] != len(rows)-1 {
		t.Errorf("the file has events of %v, want of both topics", of)
	}
	// A record without a verdict is named with its topic.
	s.run(exitOK, append([]string{"publish", "--topic", regional[1], "--events", "5", "--seed", "3"}, s.registry()...)...)
	s.passOver(regional[1])
	missing := s.reconcile(exitFailed, listed...)
	if len(missing.lost) != 5 || slices.ContainsFunc(missing.lost, func(l reconcile.Lost) bool { return l.Topic != regional[1] }) {
		t.Errorf("missing: %+v", missing.lost)
	}
	s.run(exitUsage, append(append([]string{"reconcile", "--partition", "0"}, listed...), s.registry()...)...)
}

// passOver commits the ends of a topic, as if the group had delivered all that it holds.
func (s *scene) passOver(topic string) {
	s.t.Helper()
	ends, err := s.admin().ListEndOffsets(s.t.Context(), topic)
	if err == nil {
		err = s.admin().CommitAllOffsets(s.t.Context(), "amazon-capi", ends.Offsets())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}
