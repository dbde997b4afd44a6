package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestProfile holds the profile that the image is optimised by to the program as it is: functions
// that were moved or renamed are no longer optimised, and with SHA-256 in it each hash allocates.
func TestProfile(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0", "run.pgo").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/tracklayer/amazon-capi/"
	for _, hot := range []string{
		module + "consumer/ledger.(*Ledger).Take",
		module + "internal/pipeline/handler.(*Worker).Read",
		module + "schemas/program.(*fastProgram).accepts",
		module + "transform.(*Transformer).Transform",
		module + "sink/batch.(*Batch).Add",
	} {
		if !strings.Contains(string(out), hot) {
			t.Errorf("the profile has no %s: take it anew with make pgo", hot)
		}
	}
	if strings.Contains(string(out), "crypto/sha256") {
		t.Error("crypto/sha256 is in the profile: take it with make pgo, which leaves it out")
	}
}
