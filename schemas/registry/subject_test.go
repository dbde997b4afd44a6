package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/sr"
)

const (
	testSubject = "tracklayer.events-value"
	foreign     = `{"type":"record","name":"Foreign","fields":[]}`
)

var testVersions = []string{`"int"`, `"long"`, `"double"`}

func TestRegisterAndCheck(t *testing.T) {
	ctx := context.Background()
	fake := fakeRegistry(t)
	fake.SeedSchema("another", 1, 41, sr.Schema{Schema: `"string"`})
	reg := open(t, Options{URL: fake.URL()})

	got, err := reg.Check(ctx, testSubject, testVersions)
	if err != nil {
		t.Fatal(err)
	}
	want := SubjectStatus{Subject: testSubject, Level: "BACKWARD", Compatible: true, Versions: []VersionStatus{{Version: 1}, {Version: 2}, {Version: 3}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("before (-want +got):\n%s", d)
	}

	registered := []VersionStatus{
		{Version: 1, Registered: true, ID: 42, SubjectVersion: 1, GUID: "d24daad5-d74f-878c-a068-4cad5b61477c"},
		{Version: 2, Registered: true, ID: 43, SubjectVersion: 2, GUID: "4ce33527-1a65-8a58-a056-4fb94b0a6d03"},
		{Version: 3, Registered: true, ID: 44, SubjectVersion: 3, GUID: "5a7177c5-4e0c-878d-b15c-04fabd5f7086"},
	}
	for range 2 { // the second time changes nothing
		done, err := reg.Register(ctx, testSubject, testVersions)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(registered, done); d != "" {
			t.Errorf("registered (-want +got):\n%s", d)
		}
	}

	if _, _, err := fake.RegisterSchema(testSubject, sr.Schema{Schema: foreign}); err != nil {
		t.Fatal(err)
	}
	if err := fake.SetCompat(testSubject, sr.CompatFullTransitive); err != nil {
		t.Fatal(err)
	}
	got, err = reg.Check(ctx, testSubject, testVersions)
	if err != nil {
		t.Fatal(err)
	}
	want = SubjectStatus{Subject: testSubject, Exists: true, Level: "FULL_TRANSITIVE", Compatible: true, Versions: registered, Foreign: []int{4}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("after (-want +got):\n%s", d)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
}

func TestIncompatibleSubject(t *testing.T) {
	ctx := context.Background()
	fake := fakeRegistry(t)
	fake.SeedSchema(testSubject, 1, 1, sr.Schema{Schema: foreign})
	fake.Intercept(func(w http.ResponseWriter, req *http.Request) bool {
		switch {
		case strings.HasPrefix(req.URL.Path, "/config/"):
			if req.URL.Query().Get("defaultToGlobal") != "true" {
				t.Errorf("asked %s, want the global level where the subject has none", req.URL)
			}
			return false
		case strings.HasPrefix(req.URL.Path, "/compatibility/"):
			if req.URL.Query().Get("verbose") != "true" || !strings.HasSuffix(req.URL.Path, "/versions") {
				t.Errorf("asked %s, want all versions and the reasons", req.URL)
			}
			fmt.Fprint(w, `{"is_compatible":false,"messages":["NAME_MISMATCH at /name"]}`)
		case req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/versions"):
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"error_code":409,"message":"Schema being registered is incompatible"}`)
		default:
			return false
		}
		return true
	})
	reg := open(t, Options{URL: fake.URL()})
	got, err := reg.Check(ctx, testSubject, testVersions)
	if err != nil {
		t.Fatal(err)
	}
	if got.Compatible || !got.Exists || len(got.Messages) != 1 || len(got.Foreign) != 1 || got.Versions[0].Registered {
		t.Errorf("status %+v, want incompatible with the registry's reason", got)
	}
	_, err = reg.Register(ctx, testSubject, testVersions)
	var no *RefusedError
	if !errors.As(err, &no) || no.Status != 409 || errors.Is(err, ErrAway) {
		t.Fatalf("error %v, want the registry's refusal", err)
	}
	if !strings.Contains(err.Error(), "incompatible") || !strings.Contains(err.Error(), testSubject) || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("error %q, want what was refused and why", err)
	}
}

// TestRegisterTrustsTheAnswer: a registry that normalises what it is given may
// not find it again as it was.
func TestRegisterTrustsTheAnswer(t *testing.T) {
	fake := fakeRegistry(t)
	fake.Intercept(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method != http.MethodPost || strings.HasSuffix(req.URL.Path, "/versions") {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error_code":40403,"message":"Schema not found"}`)
		return true
	})
	done, err := open(t, Options{URL: fake.URL()}).Register(context.Background(), testSubject, testVersions)
	if err != nil {
		t.Fatal(err)
	}
	want := []VersionStatus{{Version: 1, Registered: true, ID: 1}, {Version: 2, Registered: true, ID: 2}, {Version: 3, Registered: true, ID: 3}}
	if d := cmp.Diff(want, done); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestSubjectFaultsAreAway(t *testing.T) {
	for name, body := range map[string]string{"HTML": "<html>", "another answer": `{"ok":true}`} {
		reg := open(t, Options{URL: served(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })})
		if done, err := reg.Register(context.Background(), testSubject, testVersions); !errors.Is(err, ErrAway) || len(done) > 0 {
			t.Errorf("%s: registered %v, %v", name, done, err)
		}
		if _, err := reg.Check(context.Background(), testSubject, testVersions); !errors.Is(err, ErrAway) {
			t.Errorf("%s: checked, %v", name, err)
		}
	}
}
