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

// withoutURLSecrets takes user and password out of the registry's URL, and refuses them
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

// isAddress reports whether a setting is an address or several, which may be written
// without a scheme and with a user all the same.
func isAddress(key setting.Key) bool {
	return key == setting.Registry || key == setting.Brokers || key == setting.Listen ||
		strings.HasSuffix(string(key), "-url") || strings.HasSuffix(string(key), "-endpoint")
}

// mayHoldSecret reports whether there may be a secret in a part of a setting. Addresses
// have no use for the characters that set one off, wherever a parser takes them to be; of
// other settings only what is a URL is looked at, because a scope or the name of a user
// may have them.
func mayHoldSecret(one string, address bool) bool {
	if address {
		return strings.ContainsAny(one, "@?#")
	}
	u, err := url.Parse(strings.TrimSpace(one))
	return err != nil || u.User != nil || u.RawQuery != ""
}

// registryUser moves the one user of a registry's URLs into the settings for it. The URLs
// are read as the client reads them, which takes those without a scheme, too.
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
	// Those that are set win over the URL's.
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
