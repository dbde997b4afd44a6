package setup

import (
	"net/url"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// withoutURLSecrets removes user and password from the registry's URL, and refuses them
// in other URLs and addresses: the file that is written holds no secret.
func (s *setup) withoutURLSecrets() error {
	var wrong config.Mistakes
	for _, given := range s.Given.All(s.Own...) {
		address := isAddress(given.Key)
		if given.Kind != config.Plain || given.Value == "" || !address && !strings.Contains(given.Value, "://") {
			continue
		}
		redact.URLCredentials(given.Value)
		if given.Key == setting.Registry {
			wrong.Note(s.registryUser(given.Value))
			continue
		}
		if slices.ContainsFunc(strings.Split(given.Value, ","), func(one string) bool { return mayHoldSecret(one, address) }) {
			wrong.Note(given.Key.Mistakef("want it without user, password and query: the file that is written holds no secret"))
		}
	}
	return wrong.All()
}

// isAddress reports whether a setting is one or several addresses, which may lack a
// scheme and still contain a user.
func isAddress(key setting.Key) bool {
	return key == setting.Registry || key == setting.Brokers || key == setting.Listen ||
		strings.HasSuffix(string(key), "-url") || strings.HasSuffix(string(key), "-endpoint")
}

// mayHoldSecret reports whether a setting may contain a secret. Addresses do not need the
// characters that delimit one, wherever a parser sees them; of other settings only URLs
// are checked, because a scope or a user name may contain them.
func mayHoldSecret(one string, address bool) bool {
	if address {
		return strings.ContainsAny(one, "@?#")
	}
	u, err := url.Parse(strings.TrimSpace(one))
	return err != nil || u.User != nil || u.RawQuery != ""
}

// registryUser moves the single user of a registry's URLs into its settings. It parses
// the URLs like the client, which accepts those without a scheme, too.
func (s *setup) registryUser(text string) error {
	want := setting.Registry.Mistakef("want URLs without user, password and query, and the user in %s with %s: the file that is written holds no secret",
		setting.RegistryUser, setting.RegistrySecret.File())
	var user *url.Userinfo
	var plain []string
	for one := range strings.SplitSeq(text, ",") {
		u, err := registry.ParseURL(one)
		switch {
		case err != nil && mayHoldSecret(one, true):
			return want
		case err != nil:
			return setting.Registry.Wrap(err)
		}
		if u.User != nil {
			if user != nil && user.String() != u.User.String() {
				return want
			}
			user, u.User = u.User, nil
		}
		if mayHoldSecret(u.String(), true) {
			return want
		}
		plain = append(plain, u.String())
	}
	if user == nil {
		return nil
	}
	password, _ := user.Password()
	if user.Username() == "" || password == "" {
		return want
	}
	// Explicit settings override the URL's.
	if !s.has(setting.RegistryUser) && !s.has(setting.RegistrySecret) {
		if err := s.Given.Put(setting.RegistryUser, user.Username()); err != nil {
			return err
		}
		if err := s.Given.Put(setting.RegistrySecret, password); err != nil {
			return err
		}
	}
	return s.Given.Put(setting.Registry, strings.Join(plain, ","))
}
