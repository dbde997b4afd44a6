package setup

import (
	"net/url"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// withoutURLSecrets takes user and password out of the registry's URL, and refuses them
// in other URLs: the file that is written holds no secret.
func (s *setup) withoutURLSecrets() error {
	var wrong config.Mistakes
	for _, given := range s.Given.All(s.Own...) {
		if given.Kind != config.Plain || !strings.Contains(given.Value, "://") {
			continue
		}
		redact.URLCredentials(given.Value)
		if given.Key == setting.Registry {
			wrong.Note(s.registryUser(given.Value))
			continue
		}
		for one := range strings.SplitSeq(given.Value, ",") {
			if u, err := url.Parse(strings.TrimSpace(one)); err != nil || u.User != nil || u.RawQuery != "" {
				wrong.Note(given.Key.Mistakef("want a URL without user, password and query: the file that is written holds no secret"))
				break
			}
		}
	}
	return wrong.All()
}

// registryUser moves the one user of a registry's URLs into the settings for it.
func (s *setup) registryUser(text string) error {
	want := setting.Registry.Mistakef("want URLs without user, password and query, and the user in %s with %s: the file that is written holds no secret",
		setting.RegistryUser, setting.RegistrySecret.File())
	var user *url.Userinfo
	var plain []string
	for one := range strings.SplitSeq(text, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.RawQuery != "" {
			return want
		}
		if u.User != nil {
			if user != nil && user.String() != u.User.String() {
				return want
			}
			user, u.User = u.User, nil
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
