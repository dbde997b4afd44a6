package accounts

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/sink/amazon"
)

const (
	guide = "off-amazon-2023-11-13"
	v1    = "events-v1"
)

var base = Base{Contract: guide, TokenURL: "https://lwa.test/token", Region: amazon.NorthAmerica}

// env has one secret in each place.
func env(files map[string]string) Environment {
	return Environment{
		Getenv: func(name string) string {
			if name == "SECRET" {
				return "hunter2"
			}
			return ""
		},
		ReadFile: func(name string) ([]byte, error) {
			if s, ok := files[name]; ok {
				return []byte(s), nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
	}
}

const full = `default: na
accounts:
  - name: na
    client_id: client-na
    client_secret_env: SECRET
    refresh_token_file: /secrets/na
    profiles:
      - id: "100"
      - {id: "101", paused: true, limits: {batch_events: 50, batch_bytes: 100000, concurrency: 2}}
  - name: eu
    client_id: client-eu
    client_secret_file: /secrets/eu
    refresh_token_env: SECRET
    token_url: https://api.amazon.co.uk/auth/o2/token
    contract: events-v1
    region: eu
    limits: {concurrency: 4}
    profiles:
      - {id: "201", advertiser_id: "5550001"}
      - {id: "200", region: FE, contract: off-amazon-2023-11-13}
`

var secrets = map[string]string{"/secrets/na": " refresh-na\n", "/secrets/eu": "secret-eu"}

func TestLoad(t *testing.T) {
	got, err := Load("accounts.yaml", []byte(full), base, env(secrets))
	if err != nil {
		t.Fatal(err)
	}
	eu := Settings{Contract: v1, Region: amazon.Europe, Concurrency: 4}
	want := List{Default: "na", Accounts: []Account{
		{
			Name: "eu", ClientID: "client-eu", ClientSecret: "secret-eu", RefreshToken: "hunter2", TokenURL: "https://api.amazon.co.uk/auth/o2/token", Defaults: eu,
			Profiles: []Profile{{ID: "200", Settings: Settings{Contract: guide, Region: amazon.FarEast, Concurrency: 4}}, {ID: "201", AdvertiserID: "5550001", Settings: eu}},
		},
		{
			Name: "na", ClientID: "client-na", ClientSecret: "hunter2", RefreshToken: "refresh-na", TokenURL: "https://lwa.test/token", Defaults: Settings{Contract: guide},
			Profiles: []Profile{
				{ID: "100", Settings: Settings{Contract: guide}},
				{ID: "101", Settings: Settings{Contract: guide, Paused: true, BatchEvents: 50, BatchBytes: 100_000, Concurrency: 2}},
			},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFaults: each is told with its line, what was given and what would be right,
// and without a secret.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"nothing", full, "", "a.yaml:1: the file is empty: want a list of accounts"},
		{"no YAML", full, "accounts: [", "a.yaml:2: the file is not YAML"},
		{"no accounts", full, "default: x\n", "a.yaml:1: accounts is missing"},
		{"none", full, "accounts: []\n", "a.yaml:1: accounts is empty"},
		{"a mapping", full, "accounts:\n  na: {}\n", "a.yaml:2: accounts is a mapping: want a list"},
		{"unknown key", "    client_id: client-na", "    client: client-na", `a.yaml:4: key "client" of an account is unknown: want one of name, client_id`},
		{"a secret in the file", "client_secret_env: SECRET", "client_secret: hunter2", `a.yaml:5: key "client_secret" of an account is unknown`},
		{"no name", "name: na\n    client_id", "client_id", "a.yaml:3: an account has no name"},
		{"name with a space", "name: eu", "name: e u", `a.yaml:10: name "e u" is not valid`},
		{"name twice", "name: eu", "name: na", "a.yaml:10: account na is there twice, first on line 3"},
		{"no client id", "    client_id: client-eu\n", "", "a.yaml:10: an account has no client_id"},
		{"blank client id", "client_id: client-eu", `client_id: " "`, "a.yaml:11: client_id is blank"},
		{"no secret", "    client_secret_file: /secrets/eu\n", "", "a.yaml:10: an account has no client_secret_file and no client_secret_env"},
		{"two secrets", "    client_secret_env: SECRET\n", "    client_secret_env: SECRET\n    client_secret_file: /secrets/eu\n", "a.yaml:6: client_secret_env and client_secret_file are both set"},
		{"secret file missing", "/secrets/eu", "/secrets/gone", "a.yaml:12: client_secret_file: open /secrets/gone: file does not exist"},
		{"secret file empty", "/secrets/eu", "/secrets/empty", "a.yaml:12: client_secret_file: /secrets/empty is empty"},
		{"secret file of several lines", "/secrets/eu", "/secrets/lines", "a.yaml:12: client_secret_file: /secrets/lines has several lines"},
		{"variable not set", "refresh_token_env: SECRET", "refresh_token_env: NOTHING", "a.yaml:13: refresh_token_env: the variable NOTHING is empty or not set"},
		{"token URL", "https://api.amazon.co.uk/auth/o2/token", "api.amazon.co.uk", "a.yaml:14: token_url is not a URL"},
		{"password in the token URL", "https://api", "https://me:hunter2@api", "a.yaml:14: token_url is not a URL"},
		{"unknown contract", "contract: events-v1", "contract: events-v2", `a.yaml:15: contract is "events-v2": want one of off-amazon-2023-11-13, events-v1`},
		{"unknown region", "region: eu", "region: apac", `a.yaml:16: region "apac" is unknown: want NA, EU or FE`},
		{"profile twice", `id: "201"`, `id: "100"`, "a.yaml:19: profile 100 is there twice, first on line 8"},
		{"profile twice in one account", `id: "101"`, `id: "100"`, "a.yaml:9: profile 100 is there twice, first on line 8"},
		{"no profile id", `{id: "201", `, `{`, "a.yaml:19: a profile has no id"},
		{"profile id with a space", `"201"`, `"2 01"`, `a.yaml:19: id "2 01" is not a profile id`},
		{"advertiser id", `"5550001"`, `"ENTITY1"`, `a.yaml:19: advertiser_id "ENTITY1" is not valid`},
		{"paused", "paused: true", "paused: maybe", `a.yaml:9: paused is "maybe": want one of false, true`},
		{"limits", "batch_events: 50,", "batch_events: 501,", `a.yaml:9: batch_events is "501": want 1 to 500`},
		{"limits of words", "concurrency: 2", "concurrency: two", `a.yaml:9: concurrency is "two"`},
		{"unknown limit", "concurrency: 2", "rate: 2", `a.yaml:9: key "rate" of limits is unknown`},
		{"unknown default", "default: na", "default: fe", `a.yaml:1: default is "fe", but no account has that name`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"/secrets/empty": " \n", "/secrets/lines": "a\nb"}
			maps.Copy(files, secrets)
			text := strings.Replace(full, c.old, c.new, 1)
			if text == full {
				t.Fatalf("%q is not in the file", c.old)
			}
			list, err := Load("a.yaml", []byte(text), base, env(files))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if len(list.Accounts) > 0 {
				t.Error("part of a bad file is taken")
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "refresh-na")) {
				t.Errorf("a secret is in %v", err)
			}
		})
	}
}

// TestAllFaultsAtOnce: a file is fixed in one go.
// TestByteOrderMarks: they are no part of the file or of the secrets that it names.
// TestTokenURLs: what a secret is sent to has a scheme, a host and nothing else but a path.
func TestTokenURLs(t *testing.T) {
	for url, good := range map[string]bool{
		"https://api.amazon.co.uk/auth/o2/token": true, "http://localhost:8090/auth/o2/token": true, "https://api.amazon.com": true,
		"https:///auth/o2/token": false, "http://": false, "ftp://api.amazon.com/token": false, "//api.amazon.com/token": false, "api.amazon.com/token": false,
		"https://me@api.amazon.com/token": false, "https://api.amazon.com/token?a=b": false, "https://api.amazon.com/token#a": false, "https://api amazon.com/token": false,
	} {
		text := strings.Replace(full, "token_url: https://api.amazon.co.uk/auth/o2/token", `token_url: "`+url+`"`, 1)
		if _, err := Load("a.yaml", []byte(text), base, env(secrets)); (err == nil) != good || err != nil && !strings.Contains(err.Error(), "token_url is not a URL") {
			t.Errorf("%s: %v, want it taken: %v", url, err, good)
		}
	}
}

// TestWhatIsNoMappingIsOneFault: nothing is said to be missing in what is not there.
func TestWhatIsNoMappingIsOneFault(t *testing.T) {
	for _, text := range []string{"accounts: [na]\n", strings.Replace(full, `      - {id: "201", advertiser_id: "5550001"}`, `      - "201"`, 1)} {
		_, err := Load("a.yaml", []byte(text), base, env(secrets))
		if err == nil || strings.Count(err.Error(), "a.yaml:") != 1 {
			t.Errorf("%v, want one fault", err)
		}
	}
}

func TestByteOrderMarks(t *testing.T) {
	files := map[string]string{"/secrets/na": "\ufeffrefresh-na\r\n", "/secrets/eu": "\ufeffsecret-eu"}
	l, err := Load("accounts.yaml", []byte("\ufeff"+full), base, env(files))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Load("accounts.yaml", []byte(full), base, env(map[string]string{"/secrets/na": "refresh-na", "/secrets/eu": "secret-eu"}))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(l, plain) {
		t.Error("with byte order marks the accounts are others")
	}
	utf16 := func(s string) string { return "\xff\xfe" + strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	if _, err := Load("accounts.yaml", []byte(utf16(full)), base, env(files)); err == nil || !strings.Contains(err.Error(), "accounts.yaml:1: it is UTF-16") {
		t.Errorf("a file in UTF-16: %v", err)
	}
	files["/secrets/na"] = utf16("refresh-na")
	if _, err := Load("accounts.yaml", []byte(full), base, env(files)); err == nil || !strings.Contains(err.Error(), "refresh_token_file: it is UTF-16") || strings.Contains(err.Error(), "refresh-na") {
		t.Errorf("a secret in UTF-16: %v", err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	text := strings.NewReplacer("region: eu", "region: moon", `"201"`, `"100"`, "/secrets/na", "/secrets/gone").Replace(full)
	_, err := Load("a.yaml", []byte(text), base, env(secrets))
	var lines []string
	for line := range strings.SplitSeq(fmt.Sprint(err), "\n") {
		lines = append(lines, line[:strings.Index(line, ": ")])
	}
	if diff := cmp.Diff([]string{"a.yaml:6", "a.yaml:16", "a.yaml:19"}, lines); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("accounts:\n- &a {name: a}\n- *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Load("a.yaml", data, base, env(secrets))
		if err == nil && len(list.Accounts) == 0 {
			t.Error("a file without accounts is taken")
		}
	})
}

const kinds = `accounts:
  - name: token
    manager_account_id: amzn1.ads1.ma1.abc123
    api_token_file: /secrets/token
    data_set_id: amzn1.adm.ds1.evnt1.shop
    contract: events-v1
    profiles: [{id: "300"}]
  - name: manager
    client_id: client-eu
    client_secret_file: /secrets/eu
    refresh_token_env: SECRET
    manager_account_id: amzn1.ads1.ma1.def456
    contract: events-v1
    data_set_name: shop_data
    profiles:
      - {id: "301", data_set_name: other-data}
  - name: advertiser
    client_id: client-eu
    client_secret_file: /secrets/eu
    refresh_token_env: SECRET
    contract: events-v1
    profiles: [{id: "302", advertiser_id: "5550001"}]
`

func withToken() map[string]string {
	files := map[string]string{"/secrets/token": "hunter2\n"}
	maps.Copy(files, secrets)
	return files
}

// TestKindsOfAccounts: each is sent for as it is, and a file may have all of them.
func TestKindsOfAccounts(t *testing.T) {
	list, err := Load("a.yaml", []byte(kinds), base, env(withToken()))
	if err != nil {
		t.Fatal(err)
	}
	s := newSet(t, list, Options{})
	for profile, want := range map[string]http.Header{
		"300": {"Amazon-Ads-Manager-Accountid": {"amzn1.ads1.ma1.abc123"}},
		"301": {"Amazon-Ads-Clientid": {"client-eu"}, "Amazon-Ads-Manager-Accountid": {"amzn1.ads1.ma1.def456"}},
		"302": {"Amazon-Ads-Clientid": {"client-eu"}, "Amazon-Ads-Accountid": {"5550001"}},
	} {
		r, why := s.Route(profile, "DE")
		if why != nil {
			t.Fatal(why)
		}
		who := r.Principal
		who.ProfileID = profile
		got := make(http.Header)
		r.Contract.SetHeaders(got, who)
		got.Del("Content-Type")
		got.Del("Accept")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", profile, diff)
		}
		if r.APIToken != (profile == "300") {
			t.Errorf("%s: by API token %v", profile, r.APIToken)
		}
	}
}

// TestKindsThatDoNotGoTogether are told at start, by line.
func TestKindsThatDoNotGoTogether(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"letters missing":          {"amzn1.ads1.ma1.abc123", "amzn1.ads.ma1.abc123", `a.yaml:3: manager_account_id: manager account a value of 20 characters is not valid: such ids begin with amzn1.ads1.ma1.`},
		"no id after the letters":  {"amzn1.ads1.ma1.abc123", "amzn1.ads1.ma1.", "a.yaml:3: manager_account_id"},
		"the number alone":         {"amzn1.ads1.ma1.abc123", "abc123", "a.yaml:3: manager_account_id"},
		"token and client":         {"    data_set_id:", "    client_id: x\n    data_set_id:", "a.yaml:5: client_id is set together with an API token"},
		"token and refresh token":  {"    data_set_id:", "    refresh_token_env: SECRET\n    data_set_id:", "a.yaml:5: refresh_token_env is set together with an API token"},
		"token and advertiser":     {`[{id: "300"}]`, `[{id: "300", advertiser_id: "1"}]`, "a.yaml:7: advertiser_id is in an account that sends for a manager account"},
		"token without manager":    {"    manager_account_id: amzn1.ads1.ma1.abc123\n", "", "a.yaml:3: an account has an API token and no manager_account_id"},
		"token without data set":   {"    data_set_id: amzn1.adm.ds1.evnt1.shop\n", "", "a.yaml:4: an account has an API token and no data_set_id"},
		"token with a name":        {"    data_set_id:", "    data_set_name: shop_data\n    data_set_id:", "a.yaml:5: data_set_name is set together with an API token"},
		"token with another's":     {"amzn1.adm.ds1.evnt1.shop", "amzn1.adm.ds1.shop", "a.yaml:5: data set id"},
		"token by the guide":       {"evnt1.shop\n    contract: events-v1", "evnt1.shop\n    contract: off-amazon-2023-11-13", "a.yaml:6: contract is off-amazon-2023-11-13, which cannot send for a manager account"},
		"token, contract left out": {"evnt1.shop\n    contract: events-v1\n", "evnt1.shop\n", "a.yaml:2: contract is off-amazon-2023-11-13"},
		"both kinds":               {`{id: "301", `, `{id: "301", advertiser_id: "5", `, "a.yaml:16: advertiser_id is in an account that sends for a manager account"},
		"id of a set with OAuth":   {"    data_set_name: shop_data", "    data_set_id: amzn1.adm.ds1.evnt1.shop", "a.yaml:14: data_set_id is for an account with an API token"},
		"name of four":             {"shop_data", "shop", `a.yaml:14: data set name "shop" has 4 characters`},
		"name of 101":              {"shop_data", strings.Repeat("a", 101), "a.yaml:14: data set name"},
		"name with a digit first":  {"shop_data", "1shop", `a.yaml:14: data set name "1shop" cannot be used`},
		"name with a dot":          {"other-data", "other.data", `a.yaml:16: data set name "other.data" cannot be used`},
		"name by the guide":        {`{id: "302", `, `{id: "302", contract: off-amazon-2023-11-13, data_set_name: shop_data, `, "a.yaml:22: data_set_name is set with contract off-amazon-2023-11-13"},
		"token file gone":          {"/secrets/token", "/secrets/gone", "a.yaml:4: api_token_file: open /secrets/gone"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(kinds, c.old, c.new, 1)
			if text == kinds {
				t.Fatalf("%q is not in the file", c.old)
			}
			_, err := Load("a.yaml", []byte(text), base, env(withToken()))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is in %v", err)
			}
		})
	}
}
