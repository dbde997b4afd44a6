package health

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

func serve(t *testing.T, cs *Conditions) (*Server, string) {
	t.Helper()
	s := NewServer(cs, nil, prometheus.NewRegistry())
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s, "http://" + s.Addr()
}

func statusOf(t *testing.T, base string) (page Status) {
	t.Helper()
	code, body := get(t, base+"/status")
	if err := json.Unmarshal([]byte(body), &page); err != nil || code != 200 {
		t.Fatalf("/status: %d, %v\n%s", code, err, body)
	}
	return page
}

// TestProfilesDoNotDecideReadiness: a profile that Amazon refuses, forever perhaps,
// is on /status with since when and what to do, and the process is ready.
func TestProfilesDoNotDecideReadiness(t *testing.T) {
	cs := NewConditions(zerolog.Nop(), nil)
	cs.Condition("brokers").OK()
	_, base := serve(t, cs)
	cs.Condition("lane 123").OfProfile().Fail("Amazon refuses the profile: auth 403: not yours")
	for _, format := range []string{"", "?format=json"} {
		if code, body := get(t, base+"/readyz"+format); code != 200 || strings.Contains(body, "lane") {
			t.Errorf("/readyz%s: %d\n%s", format, code, body)
		}
	}
	page := statusOf(t, base)
	if !page.Ready || !page.Live || len(page.Conditions) != 1 || len(page.Profiles) != 1 {
		t.Fatalf("%+v", page)
	}
	if st := page.Profiles[0]; st.OK || st.Name != "lane 123" || st.Since.IsZero() || !strings.Contains(st.Do, "approved for production") {
		t.Errorf("%+v", st)
	}
	if !cs.Failing() {
		t.Error("liveness does not excuse what waits for a profile")
	}
	cs.Condition("token").Fail("invalid_grant")
	if code, _ := get(t, base+"/readyz"); code != 503 {
		t.Errorf("/readyz without a token: %d", code)
	}
	if page := statusOf(t, base); page.Ready || page.Conditions[0].Name != "token" || !strings.Contains(page.Conditions[0].Do, "refresh token") {
		t.Errorf("%+v", page)
	}
}

// TestStatusIsBounded: whoever may write to the topic can name any number of
// profiles.
func TestStatusIsBounded(t *testing.T) {
	cs := NewConditions(zerolog.Nop(), nil)
	s, base := serve(t, cs)
	for i := range 3000 {
		cs.Condition(fmt.Sprintf("lane %d", i)).OfProfile().Fail("Amazon refuses the profile: auth 401")
	}
	s.ShowLanes(func() *Lanes { return &Lanes{States: map[string]int{"held": 3000}, Listed: []any{}, More: 3000} })
	page := statusOf(t, base)
	if len(page.Profiles) != MaxListed || page.MoreProfiles != 3000-MaxListed || page.Lanes.More != 3000 {
		t.Errorf("%d profiles and %d more", len(page.Profiles), page.MoreProfiles)
	}
	if _, body := get(t, base+"/readyz"); len(body) > 1000 {
		t.Errorf("/readyz has %d bytes", len(body))
	}
}

// TestEveryConditionHasARemedy finds the conditions in the sources.
func TestEveryConditionHasARemedy(t *testing.T) {
	named := regexp.MustCompile(`[cC]ondition\((?:[a-zA-Z.]+, )?"([^"]+)"\)`)
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range named.FindAllSubmatch(text, -1) {
			found++
			if Remedy(string(m[1]), "it fails") == "" {
				t.Errorf("%s: nobody is told what to do about the condition %q", path, m[1])
			}
		}
		return err
	})
	if err != nil || found < 12 {
		t.Errorf("%d conditions were found: %v", found, err)
	}
	for name, want := range map[string]string{
		"token shops-us": "refresh token", "receipts": "schemas register", "receipts topic": "no offset is committed",
		"topics": "create topics", "topic": "--topic", "lane 1 EU": "by itself", "no such": "",
	} {
		if do := Remedy(name, "x"); !strings.Contains(do, want) || (want == "") != (do == "") {
			t.Errorf("%s: %q", name, do)
		}
	}
	for reason, want := range map[string]string{
		"Amazon refuses the profile: auth 401 UNAUTHORIZED: no": "refresh",
		"5 attempts in a row failed, the last with: status 429": "throttles",
		"paused in the accounts file":                           "Take paused out",
		"40312 events wait":                                     "by itself",
	} {
		if do := Remedy("lane 1", reason); !strings.Contains(do, want) {
			t.Errorf("%s: %q", reason, do)
		}
	}
}
