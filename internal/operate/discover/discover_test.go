package discover

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// start starts a sandbox Amazon.
func start(t *testing.T, o sandbox.Options) string {
	t.Helper()
	a, err := sandbox.NewAmazon(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := a.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return url
}

func byLogin(url string) *accounts.Account {
	d := sandbox.DefaultAccount()
	return &accounts.Account{Name: "shops", ClientID: d.ClientID, ClientSecret: d.ClientSecret, RefreshToken: d.RefreshToken, TokenURL: url + sandbox.TokenPath}
}

// asker asks a server, and does not wait between tries.
func asker(url string, waited *[]time.Duration) *Asker {
	return &Asker{BaseURL: url, Timeout: 10 * time.Second, Wait: func(_ context.Context, d time.Duration) bool {
		*waited = append(*waited, d)
		return true
	}}
}

func TestFind(t *testing.T) {
	url := start(t, sandbox.Options{})
	var waited []time.Duration
	got, refused, err := asker(url, &waited).Find(t.Context(), byLogin(url))
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	want := []Profile{
		{Account: "shops", Profile: "1234567890", AdvertiserID: "5550001", Country: "US", Region: "NA", Name: "Outdoor Shop US"},
		{Account: "shops", Profile: "2345678901", AdvertiserID: "5550002", Country: "DE", Region: "EU", Name: "Outdoor Shop DE"},
		{Account: "shops", Profile: "3456789012", AdvertiserID: "5550003", Country: "JP", Region: "FE", Name: "Outdoor Shop JP"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	eu := asker(url, &waited)
	eu.Regions = []amazon.Region{amazon.Europe}
	if got, _, _ := eu.Find(t.Context(), byLogin(url)); len(got) != 1 || got[0].Country != "DE" {
		t.Errorf("EU alone: %+v", got)
	}
}

// TestFindByToken: an account with an API token asks with that, and Login with Amazon is
// not asked.
func TestFindByToken(t *testing.T) {
	const token, manager = "lasting", "amzn1.ads1.ma1.abc"
	o := sandbox.Options{Accounts: []sandbox.Account{{APIToken: token, ManagerID: manager, DataSetID: "amzn1.adm.ds1.evnt1.x"}}}
	o.Faults = []sandbox.Fault{{At: sandbox.AtToken, Do: sandbox.Status, Status: 500}}
	url := start(t, o)
	var waited []time.Duration
	got, refused, err := asker(url, &waited).Find(t.Context(), &accounts.Account{Name: "m", APIToken: token, ManagerID: manager})
	if err != nil || len(refused) > 0 || len(got) != 3 {
		t.Error(got, refused, err)
	}
	if _, refused, _ = asker(url, &waited).Find(t.Context(), &accounts.Account{Name: "m", APIToken: "another", ManagerID: manager}); len(refused) != 1 || refused[0].Status != 401 ||
		!strings.Contains(refused[0].Error(), "Replace the API token") || strings.Contains(refused[0].Error(), "another") {
		t.Errorf("%v", refused)
	}
}

// TestPages: every page is read, also after an empty one.
func TestPages(t *testing.T) {
	var o sandbox.Options
	account := sandbox.DefaultAccount()
	for i := range 1234 {
		account.Advertisers = append(account.Advertisers, sandbox.Advertiser{ProfileID: fmt.Sprint(1_000_000 + i), AdvertiserID: fmt.Sprint(5_000_000 + i), Country: "US", Region: "NA"})
	}
	o.Accounts = []sandbox.Account{account}
	url := start(t, o)
	var waited []time.Duration
	got, refused, err := asker(url, &waited).Find(t.Context(), byLogin(url))
	if err != nil || len(refused) > 0 || len(got) != 1234 {
		t.Fatal(len(got), refused, err)
	}
	for i, p := range got {
		if p.Profile != fmt.Sprint(1_000_000+i) || p.AdvertiserID != fmt.Sprint(5_000_000+i) {
			t.Fatalf("%d: %+v", i, p)
		}
	}
	pages := []string{`{"advertiserAccounts":[],"nextToken":"a"}`, `{"advertiserAccounts":[],"nextToken":"b"}`, `{"advertiserAccounts":[{"alternateIds":[{"profileId":"7"}]}]}`}
	if got, refused, _ := answering(t, pages...).find(t); len(got) != 1 || len(refused) > 0 {
		t.Errorf("after empty pages: %+v, %v", got, refused)
	}
	if got, refused, _ := answering(t, `{"advertiserAccounts":[{"alternateIds":[{"profileId":7}]}],"nextToken":"a"}`).find(t); len(got) != 1 || len(refused) != 1 || !strings.Contains(refused[0].Message, "does not end") {
		t.Errorf("the same page again and again: %+v, %v", got, refused)
	}
}

// server answers with bodies in turn, the last again and again.
type server struct {
	url    string
	bodies []string
	status []int
	after  string
	asked  int
	seen   []string
}

func answering(t *testing.T, bodies ...string) *server {
	s := &server{bodies: bodies}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == sandbox.TokenPath {
			fmt.Fprint(w, `{"access_token":"Atza|hunter2hunter2","token_type":"bearer","expires_in":3600,"refresh_token":"Atzr|sandbox"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		s.seen = append(s.seen, string(body))
		i := min(s.asked, len(s.bodies)-1)
		s.asked++
		if s.after != "" {
			w.Header().Set("Retry-After", s.after)
		}
		if len(s.status) > 0 {
			w.WriteHeader(s.status[min(i, len(s.status)-1)])
		}
		fmt.Fprint(w, s.bodies[i])
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *server) find(t *testing.T) ([]Profile, []*Refusal, []time.Duration) {
	t.Helper()
	var waited []time.Duration
	got, refused, err := asker(s.url, &waited).Find(t.Context(), byLogin(s.url))
	if err != nil {
		t.Fatal(err)
	}
	return got, refused, waited
}

// TestRefusals: each is said with its status and what to do, and passes are tried again.
func TestRefusals(t *testing.T) {
	const echo = `{"code":"X","message":"token Atza|hunter2hunter2 of jane@example.com"}`
	for name, tc := range map[string]struct {
		status []int
		body   string
		after  string
		asked  int
		says   []string
	}{
		"401":            {[]int{401}, echo, "", 2, []string{"401 Unauthorized", "refresh token"}},
		"403":            {[]int{403}, echo, "", 1, []string{"403 Forbidden", "--regions"}},
		"429":            {[]int{429}, echo, "7", 3, []string{"429 Too Many Requests", "try again later"}},
		"500":            {[]int{500}, "<html>", "", 3, []string{"500 Internal Server Error", "Try again later"}},
		"503":            {[]int{503}, "", "", 3, []string{"503"}},
		"404":            {[]int{404}, echo, "", 1, []string{"404 Not Found", "--amazon-url"}},
		"a redirect":     {[]int{302}, "", "", 1, []string{"302"}},
		"a web page":     {[]int{200}, "<html>", "", 1, []string{"not Amazon's API", "not a JSON object"}},
		"another answer": {[]int{200}, `{"ok":true}`, "", 1, []string{"no advertiserAccounts"}},
		"no list":        {[]int{200}, `{"advertiserAccounts":{"a":1}}`, "", 1, []string{"not a list"}},
		"too large":      {[]int{200}, `{"advertiserAccounts":["` + strings.Repeat("x", maxAnswer) + `"]}`, "", 1, []string{"larger than 4 MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := answering(t, tc.body)
			s.status, s.after = tc.status, tc.after
			got, refused, waited := s.find(t)
			if len(got) > 0 || len(refused) != 1 || s.asked != tc.asked {
				t.Fatalf("%v, %v, asked %d times", got, refused, s.asked)
			}
			for _, says := range tc.says {
				if !strings.Contains(refused[0].Error(), says) {
					t.Errorf("%v lacks %q", refused[0], says)
				}
			}
			for _, secret := range []string{"hunter2", "jane", "sandbox"} {
				if strings.Contains(refused[0].Error(), secret) {
					t.Errorf("%s is shown", secret)
				}
			}
			if tc.after != "" && (len(waited) != 2 || waited[0] != 7*time.Second) {
				t.Errorf("waited %v", waited)
			}
		})
	}
	s := answering(t, "", "", `{"advertiserAccounts":[{"alternateIds":[{"profileId":"7"}]}]}`)
	s.status = []int{503, 429, 200}
	if got, refused, _ := s.find(t); len(got) != 1 || len(refused) > 0 {
		t.Errorf("after two that pass: %v, %v", got, refused)
	}
	s = answering(t, "", `{"advertiserAccounts":[{"alternateIds":[{"profileId":"7"}]}]}`)
	s.status = []int{401, 200}
	if got, refused, _ := s.find(t); len(got) != 1 || len(refused) > 0 {
		t.Errorf("after another token: %v, %v", got, refused)
	}
	if _, _, err := asker(s.url, new([]time.Duration)).Find(t.Context(), &accounts.Account{Name: "x", TokenURL: s.url + "/nowhere", ClientID: "a", ClientSecret: "hunter2hunter2", RefreshToken: "b"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("no token: %v", err)
	}
}

// TestEachRegion: regions are asked one by one, and what one refuses keeps nothing of the
// others away.
func TestEachRegion(t *testing.T) {
	s := answering(t, `{"advertiserAccounts":[{"alternateIds":[{"profileId":"7"}]}]}`)
	var asked []string
	a := &Asker{Timeout: time.Second, Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Host)
		if strings.Contains(r.URL.Host, "-eu") {
			return &http.Response{StatusCode: 403, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}}, nil
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(
			fmt.Sprintf(`{"advertiserAccounts":[{"alternateIds":[{"profileId":"%d"}]}]}`, len(asked))))}, nil
	})}}
	got, refused, err := a.Find(t.Context(), byLogin(s.url))
	if err != nil || len(got) != 2 || got[0].Region != "NA" || got[1].Region != "FE" || len(refused) != 1 || refused[0].Region != "EU" {
		t.Errorf("%+v, %v, %v", got, refused, err)
	}
	if want := "advertising-api.amazon.com advertising-api-eu.amazon.com advertising-api-fe.amazon.com"; strings.Join(asked, " ") != want {
		t.Errorf("asked %q", asked)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestOneAccountInAllRegions: a profile that each region lists without saying which one it
// is of is of its country's; and the answer with an advertiser is not lost to a later one
// without.
func TestOneAccountInAllRegions(t *testing.T) {
	s := answering(t, "")
	find := func(regions []amazon.Region, answers map[string]string) []Profile {
		t.Helper()
		a := &Asker{Timeout: time.Second, Regions: regions, Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			ids := answers[strings.TrimSuffix(strings.TrimPrefix(r.URL.Host, "advertising-api"), ".amazon.com")]
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"advertiserAccounts":[{"alternateIds":[` + ids + `]}]}`))}, nil
		})}}
		got, refused, err := a.Find(t.Context(), byLogin(s.url))
		if err != nil || len(refused) > 0 {
			t.Fatal(err, refused)
		}
		return got
	}
	const us, nowhere = `{"profileId":"7","countryCode":"US"}`, `{"profileId":"7"}`
	same := map[string]string{"": us, "-eu": us, "-fe": us}
	if got := find(nil, same); len(got) != 1 || got[0].Region != "NA" {
		t.Errorf("of the US: %+v", got)
	}
	if got := find([]amazon.Region{amazon.Europe}, same); len(got) != 0 {
		t.Errorf("of the US, in Europe: %+v", got)
	}
	if got := find(nil, map[string]string{"": nowhere, "-eu": nowhere, "-fe": nowhere}); len(got) != 1 || got[0].Region != "NA" {
		t.Errorf("of no country, and the first region that lists it: %+v", got)
	}
	if got := find(nil, map[string]string{"": nowhere, "-eu": `{"profileId":"7","dspAdvertiserId":"5"}`, "-fe": nowhere}); len(got) != 1 || got[0].Region != "EU" || got[0].AdvertiserID != "5" {
		t.Errorf("with an advertiser in Europe: %+v", got)
	}
}

// TestAdvertiserOfAProfile: Amazon has the two in one place or in two, and what is not an id is
// left out.
func TestAdvertiserOfAProfile(t *testing.T) {
	for doc, want := range map[string]string{
		`[{"profileId":7,"dspAdvertiserId":"5","countryCode":"us"}]`:                                                "7 5 US",
		`[{"profileId":"7","countryCode":"US"},{"dspAdvertiserId":5,"countryCode":"US"}]`:                           "7 5 US",
		`[{"profileId":"7","countryCode":"US"},{"dspAdvertiserId":"5"}]`:                                            "7 5 US",
		`[{"profileId":"7","countryCode":"US"},{"dspAdvertiserId":"5"},{"dspAdvertiserId":"6"}]`:                    "7  US",
		`[{"profileId":"7","countryCode":"US"},{"profileId":"8","dspAdvertiserId":"6","countryCode":"CA"}]`:         "7  US,8 6 CA",
		`[{"profileId":"7\u001b[31m"},{"profileId":{"a":1}},{"profileId":null},{"profileId":-3},{"profileId":1.5}]`: "",
		`[{"profileId":"7","dspAdvertiserId":"x; rm","countryCode":"USA"}]`:                                         "7  ",
	} {
		var a advertiserAccount
		if err := json.Unmarshal([]byte(`{"alternateIds":`+doc+`}`), &a); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range a.profiles("a", amazon.NorthAmerica) {
			got = append(got, p.Profile+" "+p.AdvertiserID+" "+p.Country)
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %q, want %q", doc, got, want)
		}
	}
}

const accountsFile = `# Ours.
default: us # for the rest
accounts:
  # Wholesale
  - name: us
    client_id: a
    client_secret_env: S
    refresh_token_env: S
    profiles:
      - id: "7" # the shop
        advertiser_id: "5"
      - {id: "8", region: NA}
  - name: manager
    manager_account_id: amzn1.ads1.ma1.abc
    api_token_env: S
    data_set_id: amzn1.adm.ds1.evnt1.x
    contract: events-v1
# the end
`

func opened(t *testing.T, text string) (*File, accounts.List) {
	t.Helper()
	list, err := accounts.Load("a.yaml", []byte(text), base, env)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open([]byte(text), list)
	if err != nil {
		t.Fatal(err)
	}
	return f, list
}

var (
	base = accounts.Base{Contract: "off-amazon-2023-11-13", ProfileIDs: transform.AnyProfiles}
	env  = accounts.Environment{Getenv: func(string) string { return "hunter2" }, ReadFile: os.ReadFile}
)

// TestEnter: new profiles are added and nothing else changes, comments and order included.
func TestEnter(t *testing.T) {
	f, list := opened(t, accountsFile)
	found := []Profile{
		{Profile: "7", AdvertiserID: "5", Region: "NA"}, {Profile: "8", AdvertiserID: "6", Region: "EU"}, {Profile: "9", AdvertiserID: "10", Country: "DE", Region: "EU"},
	}
	if err := f.Enter(list.Account("us"), found); err != nil {
		t.Fatal(err)
	}
	if err := f.Enter(list.Account("manager"), []Profile{{Profile: "11", AdvertiserID: "12", Country: "US"}, {Profile: "7"}}); err != nil {
		t.Fatal(err)
	}
	if found[0].File != FileHas || found[1].File != FileDiffers || found[2].File != FileAdds || len(f.Changes) != 2 {
		t.Errorf("%+v, %q", found, f.Changes)
	}
	got, changed, err := f.Bytes()
	want := strings.Replace(accountsFile, "region: NA}\n", "region: NA}\n      - id: \"9\" # DE\n        advertiser_id: \"10\"\n        region: EU\n", 1)
	want = strings.Replace(want, "contract: events-v1\n", "contract: events-v1\n    profiles:\n      - id: \"11\" # US\n", 1)
	if err != nil || !changed {
		t.Fatal(err, changed)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
	if _, err := accounts.Load("a.yaml", got, base, env); err != nil {
		t.Error(err)
	}
}

// TestAProfileOfTwoAccounts: a new profile that two accounts reach is entered under the
// first, or the file would name it twice and be refused; so it is where one account is
// entered twice.
func TestAProfileOfTwoAccounts(t *testing.T) {
	f, list := opened(t, accountsFile)
	of := []string{"us", "manager", "us"}
	found := [][]Profile{
		{{Profile: "20", AdvertiserID: "5"}, {Profile: "21", AdvertiserID: "6"}},
		{{Profile: "20"}, {Profile: "22"}},
		{{Profile: "20", AdvertiserID: "5"}, {Profile: "22"}},
	}
	var got []string
	for i, name := range of {
		if err := f.Enter(list.Account(name), found[i]); err != nil {
			t.Fatal(err)
		}
		for _, p := range found[i] {
			got = append(got, name+" "+p.Profile+" "+p.File)
		}
	}
	want := []string{"us 20 new", "us 21 new", "manager 20 another account's", "manager 22 new", "us 20 there", "us 22 another account's"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	data, _, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	written, err := accounts.Load("a.yaml", data, base, env)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if us, m := written.Account("us").Profiles, written.Account("manager").Profiles; len(us) != 4 || len(m) != 1 || m[0].ID != "22" {
		t.Errorf("%+v, %+v", us, m)
	}
}

// TestOverwrite: what differs is changed when that is asked for, and an entry is never
// moved from another account.
func TestOverwrite(t *testing.T) {
	f, list := opened(t, accountsFile)
	f.Overwrite = true
	found := []Profile{{Profile: "7", AdvertiserID: "55", Region: "NA"}, {Profile: "8", AdvertiserID: "6", Region: "EU"}}
	if err := f.Enter(list.Account("us"), found); err != nil {
		t.Fatal(err)
	}
	others := []Profile{{Profile: "7", AdvertiserID: "1"}}
	if err := f.Enter(list.Account("manager"), others); err != nil || others[0].File != FileOther {
		t.Error(err, others)
	}
	got, _, _ := f.Bytes()
	want := strings.Replace(accountsFile, `advertiser_id: "5"`, `advertiser_id: "55"`, 1)
	want = strings.Replace(want, `{id: "8", region: NA}`, `{id: "8", region: EU, advertiser_id: "6"}`, 1)
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
}

// TestNothingToEnter: a file that has all is left as it is, byte for byte, and one that
// leaves the region to the events' countries is no other.
func TestNothingToEnter(t *testing.T) {
	text := strings.ReplaceAll(accountsFile, "\n", "\r\n")
	f, list := opened(t, text)
	if err := f.Enter(list.Account("us"), []Profile{{Profile: "7", AdvertiserID: "5", Region: "EU"}}); err != nil {
		t.Fatal(err)
	}
	if got, changed, err := f.Bytes(); changed || err != nil || string(got) != text {
		t.Errorf("%v, %v\n%s", changed, err, got)
	}
	f, list = opened(t, "accounts:\n- name: a\n  client_id: a\n  client_secret_env: S\n  refresh_token_env: S\n  profiles: &p [{id: \"1\"}]\n")
	if err := f.Enter(list.Account("a"), []Profile{{Profile: "2"}}); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := f.Bytes(); !strings.Contains(string(got), `[{id: "1"}, {id: "2"}]`) || !strings.Contains(string(got), "\n- name: a") {
		t.Errorf("%s", got)
	}
}
