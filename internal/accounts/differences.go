package accounts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// differences describes what changed from one list to the other. Of secrets it says only that
// they changed.
func differences(old, new *List) (changes []string) {
	say := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	for _, a := range old.Accounts {
		if new.account(a.Name) == nil {
			say("account %s removed", a.Name)
		}
	}
	for i := range new.Accounts {
		a := &new.Accounts[i]
		was := old.account(a.Name)
		if was == nil {
			say("account %s added", a.Name)
			continue
		}
		for _, c := range []struct {
			what    string
			changed bool
		}{
			{"client id", a.ClientID != was.ClientID}, {"client secret", a.ClientSecret != was.ClientSecret},
			{"refresh token", a.RefreshToken != was.RefreshToken}, {"token URL", a.TokenURL != was.TokenURL},
			{"API token", a.APIToken != was.APIToken}, {"manager account", a.ManagerID != was.ManagerID}, {"data set id", a.DataSetID != was.DataSetID},
		} {
			if c.changed {
				say("account %s: another %s", a.Name, c.what)
			}
		}
		if a.Name == new.Default && a.Name == old.Default {
			for _, c := range was.Defaults.differences(a.Defaults) {
				say("profiles that none names: %s", c)
			}
		}
	}
	if old.Default != new.Default {
		say("default account %s instead of %s", cmp.Or(new.Default, "none"), cmp.Or(old.Default, "none"))
	}
	return append(changes, profileDifferences(old.byProfile(), new.byProfile())...)
}

// owned is a profile and the account that names it.
type owned struct {
	Profile
	account string
}

func (l *List) byProfile() map[string]owned {
	all := make(map[string]owned)
	for _, a := range l.Accounts {
		for _, p := range a.Profiles {
			all[p.ID] = owned{p, a.Name}
		}
	}
	return all
}

func profileDifferences(old, new map[string]owned) (changes []string) {
	say := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	for _, id := range slices.Sorted(maps.Keys(old)) {
		if _, ok := new[id]; !ok {
			say("profile %s removed from %s", id, old[id].account)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(new)) {
		now := new[id]
		was, ok := old[id]
		if !ok {
			say("profile %s added to %s", id, now.account)
			continue
		}
		if was.account != now.account {
			say("profile %s moved from %s to %s", id, was.account, now.account)
		}
		if was.AdvertiserID != now.AdvertiserID {
			say("profile %s: another advertiser id", id)
		}
		for _, c := range was.Settings.differences(now.Settings) {
			say("profile %s: %s", id, c)
		}
	}
	return changes
}

func (s Settings) differences(now Settings) (changes []string) {
	say := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	if s.Contract != now.Contract {
		say("contract %s instead of %s", now.Contract, s.Contract)
	}
	if s.DataSet != now.DataSet {
		say("data set %s instead of %s", cmp.Or(now.DataSet, "Amazon's default"), cmp.Or(s.DataSet, "Amazon's default"))
	}
	if s.Region != now.Region {
		say("region %s instead of %s", cmp.Or(now.Region.String(), "by country"), cmp.Or(s.Region.String(), "by country"))
	}
	if s.Paused != now.Paused {
		say("%s", map[bool]string{true: "paused", false: "goes on"}[now.Paused])
	}
	if s.BatchEvents != now.BatchEvents || s.BatchBytes != now.BatchBytes || s.Concurrency != now.Concurrency {
		say("other limits")
	}
	return changes
}
