package accounts

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// TestNoChangeIsSilent: whatever field of an account, of its defaults or of a profile
// changes, the log has a line about it, and about nothing else; and a secret is not in it.
func TestNoChangeIsSilent(t *testing.T) {
	const secret = "s3cr3t"
	list := func() *List {
		return &List{Default: "a", Accounts: []Account{{Name: "a", Profiles: []Profile{{ID: "1"}}}}}
	}
	for what, part := range map[string]func(*List) any{
		"account": func(l *List) any { return &l.Accounts[0] },
		"default": func(l *List) any { return &l.Accounts[0].Defaults },
		"profile": func(l *List) any { return &l.Accounts[0].Profiles[0] },
		"setting": func(l *List) any { return &l.Accounts[0].Profiles[0].Settings },
		"list":    func(l *List) any { return l },
	} {
		fields := reflect.TypeOf(part(list())).Elem()
		for i := range fields.NumField() {
			old, now := list(), list()
			switch f := reflect.ValueOf(part(now)).Elem().Field(i); f.Kind() {
			case reflect.String:
				f.SetString(secret)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Int:
				f.SetInt(7)
			case reflect.Uint8:
				f.SetUint(uint64(amazon.Europe))
			case reflect.Struct, reflect.Slice: // whose fields are changed one by one
				continue
			default:
				t.Fatalf("%s: a %s", fields.Field(i).Name, f.Kind())
			}
			for _, pair := range [][2]*List{{old, now}, {now, old}} {
				changes := differences(pair[0], pair[1])
				if name := fields.Field(i).Name; name == "Name" || name == "ID" {
					if len(changes) < 2 {
						t.Errorf("%s: another %s is %q, want that one is gone and one is new", what, name, changes)
					}
				} else if len(changes) != 1 {
					t.Errorf("%s: another %s is %q, want one line", what, name, changes)
				} else if strings.Contains(changes[0], secret) && name != "Contract" && name != "DataSet" && name != "Default" {
					t.Errorf("%s: %q shows what the %s is", what, changes[0], name)
				}
			}
		}
	}
}

// TestTenants are who Amazon is told that events are of.
func TestTenants(t *testing.T) {
	const guide, v1 = "off-amazon-2023-11-13", "events-v1"
	l := List{Default: "rest", Accounts: []Account{
		{Name: "direct", Profiles: []Profile{
			{ID: "1", Settings: Settings{Contract: v1}},
			{ID: "2", AdvertiserID: "22", Settings: Settings{Contract: v1}},
			{ID: "3", AdvertiserID: "33", Settings: Settings{Contract: guide}},
		}},
		{Name: "manager", ManagerID: "m", Profiles: []Profile{{ID: "4", AdvertiserID: "44", Settings: Settings{Contract: v1}}, {ID: "5", Settings: Settings{Contract: guide}}}},
		{Name: "rest", Defaults: Settings{Contract: guide}},
	}}
	for profile, want := range map[string][2]string{
		"1": {"1", v1}, "2": {"22", v1}, "3": {"3", guide}, "4": {"m", v1}, "5": {"5", guide}, "6": {"6", guide},
	} {
		if id, contract, ok := l.Tenant(profile); id != want[0] || contract != want[1] || !ok {
			t.Errorf("profile %s: %q by %q, %v; want %q", profile, id, contract, ok, want)
		}
	}
	if got := l.Contracts(); strings.Join(got, " ") != v1+" "+guide {
		t.Errorf("contracts %q", got)
	}
	l.Default = ""
	if id, contract, ok := l.Tenant("6"); id != "" || contract != "" || ok {
		t.Errorf("a profile that no account sends for: %q, %q, %v", id, contract, ok)
	}
}
