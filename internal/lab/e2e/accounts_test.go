package e2e

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// judgedBy adds to samples what a contract makes of them, for those profiles
// that it is told of.
func judgedBy(t *testing.T, contracts map[string]string, samples iter.Seq2[sample.Sample, error]) iter.Seq2[sample.Sample, error] {
	t.Helper()
	transformer, err := transform.New(transform.Options{Wide: true})
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(sample.Sample, error) bool) {
		for s, err := range samples {
			if name := contracts[s.ProfileID()]; err == nil && name != "" && reachesAmazon(&s) {
				k, kerr := amazon.ContractByName(name)
				if kerr != nil {
					t.Fatal(kerr)
				}
				var c transform.Conversion
				if why, ok := transformer.Transform(s.Event, time.Now(), &c); !ok {
					t.Fatalf("a good sample is refused: %v", why)
				}
				if why := amazon.Refusal(k, &c, time.Now()); why != nil {
					s.Expect, s.Code = why.Class, why.Code
				}
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// reachesAmazon reports whether the sample is one that Amazon decides about.
func reachesAmazon(s *sample.Sample) bool {
	return s.Expect == verdict.Accepted || s.Expect == verdict.Rejected
}

// TestThreeAccountsInThreeRegions: one has a revoked refresh token. The other two
// deliver all that they have, by one contract and the other; the third is held and
// named in readiness, and goes on when its token is replaced.
func TestThreeAccountsInThreeRegions(t *testing.T) {
	profiles := sample.ProfileIDs(6)
	account := func(name string, of ...string) sandbox.Account {
		return sandbox.Account{ClientID: "amzn1.application-oa2-client." + name, ClientSecret: "secret-" + name, RefreshToken: "Atzr|" + name, Profiles: of}
	}
	regions := []struct {
		name, contract string
		account        sandbox.Account
	}{
		{"NA", "off-amazon-2023-11-13", account("na", profiles[:2]...)},
		{"EU", "events-v1", account("eu", profiles[2:4]...)},
		{"FE", "events-v1", account("fe", profiles[4:]...)},
	}
	w := newWorld(t, sandbox.Options{Accounts: []sandbox.Account{regions[0].account, regions[1].account, regions[2].account}})
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var file strings.Builder
	file.WriteString("accounts:\n")
	contracts := map[string]string{}
	for _, r := range regions {
		write(r.name+"-secret", r.account.ClientSecret)
		write(r.name+"-refresh", r.account.RefreshToken)
		fmt.Fprintf(&file, "  - name: %s\n    client_id: %s\n    client_secret_file: %s\n    refresh_token_file: %s\n    region: %s\n    contract: %s\n    profiles:\n",
			r.name, r.account.ClientID, filepath.Join(dir, r.name+"-secret"), filepath.Join(dir, r.name+"-refresh"), r.name, r.contract)
		for _, p := range r.account.Profiles {
			fmt.Fprintf(&file, "      - id: %q\n", p)
			contracts[p] = r.contract
		}
	}
	write("accounts.yaml", file.String())
	write("FE-refresh", "Atzr|revoked")

	// Nobody names the last profile.
	all := append(slices.Clone(profiles), "7000000007")
	w.publish(judgedBy(t, contracts, generated(t, min(scale, 12_000), 41, sample.GeneratorOptions{
		ProfileIDs: all, Broken: 0.01, Denied: 0.03, V1: 0.1, V3: 0.8, Start: time.Now().Add(-15 * 24 * time.Hour), Span: 14 * 24 * time.Hour,
	})))
	held, others := map[string]bool{}, map[string]bool{}
	for i := range w.published {
		s := &w.published[i]
		if !reachesAmazon(s) {
			continue
		}
		key := s.ProfileID() + " " + s.EventID()
		switch {
		case contracts[s.ProfileID()] == "":
			s.Expect, s.Code = verdict.Auth, "" // the class's code is not compared
		case s.Expect == verdict.Rejected:
		case slices.Contains(regions[2].account.Profiles, s.ProfileID()):
			held[key] = true
		default:
			others[key] = true
		}
	}
	if len(held) < 100 || len(others) < 300 {
		t.Fatalf("%d events of the dead account, %d of the others", len(held), len(others))
	}

	c := w.config()
	c.ClientID, c.ClientSecret, c.RefreshToken = "", "", ""
	c.AccountsFile = filepath.Join(dir, "accounts.yaml")
	p := w.start(c)
	w.eventually(p, "the two good accounts have delivered all", func() bool { return int(w.amazon.Stats().Accepted) == len(others) })
	w.eventually(p, "readiness names the dead account", func() bool {
		status, body := w.get(p, "/readyz")
		return status == 503 && strings.Contains(body, "token FE") && strings.Contains(body, "of account FE")
	})
	if _, body := w.get(p, "/readyz"); strings.Contains(body, "token NA:") || strings.Contains(body, "lane "+profiles[0]) {
		t.Errorf("readiness names a good account:\n%s", body)
	}
	for _, p := range regions[2].account.Profiles {
		if n := w.amazon.Stats().Profiles[p].Requests; n != 0 {
			t.Errorf("%d requests of profile %s, whose account has no token", n, p)
		}
	}

	write("FE-refresh", regions[2].account.RefreshToken)
	p.reload()
	w.delivered(p)
	records, letters := w.deadLetters()
	w.checkVerdicts(letters)
	for _, l := range letters {
		want := contracts[l.ProfileID]
		if l.Reason.Class == verdict.Validation && want != "" && l.Reason.Code != "" && !isTransforms(l.Reason.Code) && l.Contract != want {
			t.Errorf("a letter of profile %s, code %s, names contract %s, want %s", l.ProfileID, l.Reason.Code, l.Contract, want)
		}
		if l.ProfileID == "7000000007" && l.Reason.Class == verdict.Auth && l.Reason.Code != verdict.CodeProfileUnknown.String() {
			t.Errorf("a letter of a profile that nobody names has code %s", l.Reason.Code)
		}
	}
	w.checkPrivacy(p, records)
	w.eventually(p, "all is well again", func() bool {
		status, _ := w.get(p, "/readyz")
		return status == 200
	})
	if !strings.Contains(p.log(), "account FE: another refresh token") {
		t.Error("the log does not say what was reloaded")
	}
	for _, path := range []string{"off-amazon-2023-11-13", "events-v1"} {
		if !slices.ContainsFunc(w.amazon.Requests(), func(r sandbox.Request) bool { return r.Contract == path }) {
			t.Errorf("no request by %s among the last", path)
		}
	}
}

// isTransforms reports whether a code is given before a contract is asked.
func isTransforms(code string) bool {
	return slices.ContainsFunc(verdict.CodesBy("transform"), func(e verdict.Entry) bool { return e.Name == code })
}
