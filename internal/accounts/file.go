package accounts

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/yamlfile"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// Environment gives access to secrets that the file only names. It exists so that tests need
// neither set variables nor write files.
type Environment struct {
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error)
}

// Load reads an accounts file; name is what errors call it. Errors list all mistakes with their
// lines, and no secret.
func Load(name string, data []byte, base Base, env Environment) (List, error) {
	f := &file{File: yamlfile.File{Name: name}, base: base, env: env, profiles: make(map[string]int), names: make(map[string]int)}
	list := f.load(data)
	if err := f.Err(); err != nil {
		return List{}, err
	}
	slices.SortFunc(list.Accounts, func(a, b Account) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// file is an accounts file that is being read.
type file struct {
	yamlfile.File
	base Base
	env  Environment
	// The lines on which profiles and accounts were named first.
	profiles, names map[string]int
}

var (
	settingKeys = []string{"contract", "data_set_name", "region", "paused", "limits"}
	accountKeys = append([]string{"name", "client_id", "client_secret_env", "client_secret_file", "refresh_token_env", "refresh_token_file", "token_url",
		"manager_account_id", "api_token_env", "api_token_file", "data_set_id", "profiles"}, settingKeys...)
	profileKeys = append([]string{"id", "advertiser_id"}, settingKeys...)
	limitKeys   = []string{"batch_events", "batch_bytes", "concurrency"}

	namePattern       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	advertiserPattern = regexp.MustCompile(`^[0-9]{1,32}$`)
)

func (f *file) load(data []byte) (list List) {
	doc := f.Parse(data, "a list of accounts")
	if doc == nil {
		return list
	}
	top := f.Fields(doc, "the file", "accounts", "default")
	if top == nil {
		return list
	}
	if top["accounts"] == nil {
		f.Fault(1, "accounts is missing: want a list of accounts")
		return list
	}
	items := f.List(top["accounts"], "accounts")
	for _, n := range items {
		if a, ok := f.account(n); ok {
			list.Accounts = append(list.Accounts, a)
		}
	}
	if len(items) == 0 && f.Faults() == 0 {
		f.Fault(top["accounts"].Line, "accounts is empty: want one account at least")
	}
	if n := top["default"]; n != nil {
		s, ok := f.Text(n, "default")
		if ok && f.names[s] == 0 {
			f.Fault(n.Line, "default is %s, but no account has that name: want the name of the account for profiles that no account names", redact.Quote(s))
		}
		list.Default = s
	}
	return list
}

func (f *file) account(n *yaml.Node) (a Account, ok bool) {
	fields := f.Fields(n, "an account", accountKeys...)
	if fields == nil {
		return a, false
	}
	a = Account{TokenURL: f.base.TokenURL, Defaults: Settings{Contract: f.base.Contract}}
	a.Name = f.required(n, fields, "name", "an account", "what to call it, such as eu-shops")
	if a.Name != "" {
		line := fields["name"].Line
		switch {
		case !namePattern.MatchString(a.Name):
			f.Fault(line, "name %s is not valid: want 1 to 64 of A-Z a-z 0-9 . _ -, since it is a metric's label", redact.Quote(a.Name))
		case f.names[a.Name] != 0:
			f.Fault(line, "account %s is there twice, first on line %d: want each name once", a.Name, f.names[a.Name])
		}
		f.names[a.Name] = line
	}
	f.credentials(n, fields, &a)
	f.settings(fields, &a.Defaults)
	f.manager(n, fields, &a)
	if p := fields["profiles"]; p != nil {
		for _, item := range f.List(p, "profiles") {
			if profile, ok := f.profile(item, &a); ok {
				a.Profiles = append(a.Profiles, profile)
			}
		}
	}
	slices.SortFunc(a.Profiles, func(a, b Profile) int { return cmp.Compare(a.ID, b.ID) })
	return a, true
}

func (f *file) profile(n *yaml.Node, of *Account) (p Profile, ok bool) {
	fields := f.Fields(n, "a profile", profileKeys...)
	if fields == nil {
		return p, false
	}
	p.Settings = of.Defaults
	p.ID = f.required(n, fields, "id", "a profile", "the profile id that events name")
	if p.ID != "" {
		line := fields["id"].Line
		switch {
		case !f.base.ProfileIDs.Valid(p.ID):
			f.Fault(line, "id %s is not a profile id: want %s", redact.Quote(p.ID), f.base.ProfileIDs.Want())
		case f.profiles[p.ID] != 0:
			f.Fault(line, "profile %s is there twice, first on line %d: want it in one account, once", p.ID, f.profiles[p.ID])
		default:
			f.profiles[p.ID] = line
		}
	}
	if a := fields["advertiser_id"]; a != nil {
		if s, ok := f.Text(a, "advertiser_id"); ok {
			if !advertiserPattern.MatchString(s) {
				f.Fault(a.Line, "advertiser_id %s is not valid: want the number of the advertiser in Amazon's DSP", redact.Quote(s))
			}
			p.AdvertiserID = s
		}
	}
	f.settings(fields, &p.Settings)
	f.ofManager(fields, of, &p.Settings, 0)
	return p, true
}

// settings reads the settings that accounts and profiles have in common.
func (f *file) settings(fields map[string]*yaml.Node, s *Settings) {
	if n := fields["contract"]; n != nil {
		s.Contract = amazon.ContractNames()[f.Choice(n, "contract", amazon.ContractNames())]
	}
	if n := fields["data_set_name"]; n != nil {
		if text, ok := f.Text(n, "data_set_name"); ok {
			if err := transform.CheckDataSet(text); err != nil {
				f.Fault(n.Line, "%v", err)
			}
			s.DataSet = text
		}
	}
	if n := fields["region"]; n != nil {
		if text, ok := f.Text(n, "region"); ok {
			r, err := amazon.ParseRegion(text)
			if err != nil {
				f.Fault(n.Line, "%v", err)
			}
			s.Region = r
		}
	}
	if n := fields["paused"]; n != nil {
		s.Paused = f.Choice(n, "paused", []string{"false", "true"}) == 1
	}
	if n := fields["limits"]; n != nil {
		f.limits(n, s)
	}
}

func (f *file) limits(n *yaml.Node, s *Settings) {
	fields := f.Fields(n, "limits", limitKeys...)
	if fields == nil {
		return
	}
	k, err := amazon.ContractByName(s.Contract)
	if err != nil {
		return // a fault already, or the flag's
	}
	l := k.Limits()
	for _, x := range []struct {
		key        string
		to         *int
		least, max int
	}{
		{"batch_events", &s.BatchEvents, 1, l.Events},
		{"batch_bytes", &s.BatchBytes, 16_000, l.Bytes},
		{"concurrency", &s.Concurrency, 1, 1000},
	} {
		n := fields[x.key]
		if n == nil {
			continue
		}
		text, ok := f.Text(n, x.key)
		if !ok {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < x.least || v > x.max {
			f.Fault(n.Line, "%s is %s: want %d to %d", x.key, redact.Quote(text), x.least, x.max)
		}
		*x.to = v
	}
}

func (f *file) required(of *yaml.Node, fields map[string]*yaml.Node, key, what, want string) string {
	n := fields[key]
	if n == nil {
		f.Fault(of.Line, "%s has no %s: want %s", what, key, want)
		return ""
	}
	s, ok := f.Text(n, key)
	if ok && strings.TrimSpace(s) == "" {
		f.Fault(n.Line, "%s is blank: want %s", key, want)
		return ""
	}
	return s
}
