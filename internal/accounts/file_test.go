package accounts

import (
	"fmt"
	"io/fs"
	"maps"
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
		{"no YAML", full, "accounts: [", "a.yaml:2: the file is no YAML"},
		{"no accounts", full, "default: x\n", "a.yaml:1: accounts is missing"},
		{"none", full, "accounts: []\n", "a.yaml:1: accounts is empty"},
		{"a mapping", full, "accounts:\n  na: {}\n", "a.yaml:2: accounts is a mapping: want a list"},
		{"unknown key", "    client_id: client-na", "    client: client-na", `a.yaml:4: key "client" of an account is unknown: want one of name, client_id`},
		{"a secret in the file", "client_secret_env: SECRET", "client_secret: hunter2", `a.yaml:5: key "client_secret" of an account is unknown`},
		{"no name", "name: na\n    client_id", "client_id", "a.yaml:3: an account has no name"},
		{"name with a space", "name: eu", "name: e u", `a.yaml:10: name "e u" is none`},
		{"name twice", "name: eu", "name: na", "a.yaml:10: account na is there twice, first on line 3"},
		{"no client id", "    client_id: client-eu\n", "", "a.yaml:10: an account has no client_id"},
		{"blank client id", "client_id: client-eu", `client_id: " "`, "a.yaml:11: client_id is blank"},
		{"no secret", "    client_secret_file: /secrets/eu\n", "", "a.yaml:10: an account has no client_secret_file and no client_secret_env"},
		{"two secrets", "    client_secret_env: SECRET\n", "    client_secret_env: SECRET\n    client_secret_file: /secrets/eu\n", "a.yaml:6: client_secret_env and client_secret_file are both there"},
		{"secret file missing", "/secrets/eu", "/secrets/gone", "a.yaml:12: client_secret_file: open /secrets/gone: file does not exist"},
		{"secret file empty", "/secrets/eu", "/secrets/empty", "a.yaml:12: client_secret_file: /secrets/empty is empty"},
		{"secret file of several lines", "/secrets/eu", "/secrets/lines", "a.yaml:12: client_secret_file: /secrets/lines has several lines"},
		{"variable not set", "refresh_token_env: SECRET", "refresh_token_env: NOTHING", "a.yaml:13: refresh_token_env: the variable NOTHING is empty or not set"},
		{"token URL", "https://api.amazon.co.uk/auth/o2/token", "api.amazon.co.uk", "a.yaml:14: token_url is no URL"},
		{"password in the token URL", "https://api", "https://me:hunter2@api", "a.yaml:14: token_url is no URL"},
		{"unknown contract", "contract: events-v1", "contract: events-v2", `a.yaml:15: contract is "events-v2": want one of off-amazon-2023-11-13, events-v1`},
		{"unknown region", "region: eu", "region: apac", `a.yaml:16: region "apac" is unknown: want NA, EU or FE`},
		{"profile twice", `id: "201"`, `id: "100"`, "a.yaml:19: profile 100 is there twice, first on line 8"},
		{"profile twice in one account", `id: "101"`, `id: "100"`, "a.yaml:9: profile 100 is there twice, first on line 8"},
		{"no profile id", `{id: "201", `, `{`, "a.yaml:19: a profile has no id"},
		{"profile id with a space", `"201"`, `"2 01"`, `a.yaml:19: id "2 01" is no profile id`},
		{"advertiser id", `"5550001"`, `"ENTITY1"`, `a.yaml:19: advertiser_id "ENTITY1" is none`},
		{"paused", "paused: true", "paused: maybe", `a.yaml:9: paused is "maybe": want one of false, true`},
		{"limits", "batch_events: 50,", "batch_events: 501,", `a.yaml:9: batch_events is "501": want 1 to 500`},
		{"limits of words", "concurrency: 2", "concurrency: two", `a.yaml:9: concurrency is "two"`},
		{"unknown limit", "concurrency: 2", "rate: 2", `a.yaml:9: key "rate" of limits is unknown`},
		{"unknown default", "default: na", "default: fe", `a.yaml:1: default is "fe", and no account is named so`},
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

// TestAllFaultsAtOnce: a file is mended in one go.
// TestByteOrderMarks: they are no part of the file or of the secrets that it names.
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
