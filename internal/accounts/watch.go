package accounts

import (
	"context"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// pollEvery is how often the file and the secrets that it names are checked, by their contents: a
// mounted secret changes through a link to another folder, which neither modification times nor
// file system events show reliably.
const pollEvery = 10 * time.Second

// Source is an accounts file and the location of its secrets.
type Source struct {
	Path string
	Env  Environment
}

// Load reads the file.
func (src Source) Load(base Base) (List, error) {
	data, err := src.Env.ReadFile(src.Path)
	if err != nil {
		return List{}, redact.File(err)
	}
	return Load(src.Path, data, base, src.Env)
}

// NewSource returns the file at that path, with the process's environment.
func NewSource(path string) Source {
	return Source{path, Environment{os.Getenv, os.ReadFile}}
}

// WithoutSecrets returns the file for tools that send nothing: its secrets need not be on the
// machine.
func (src Source) WithoutSecrets() Source {
	const secret = "[secret]"
	path, read := src.Path, src.Env.ReadFile
	src.Env.Getenv = func(string) string { return secret }
	src.Env.ReadFile = func(name string) ([]byte, error) {
		if name == path {
			return read(name)
		}
		return []byte(secret), nil
	}
	return src
}

// File implements Loader.
func (src Source) File() string { return src.Path }

// Loader returns the current accounts.
type Loader interface {
	Load(Base) (List, error)
	// File is the file's name in the log.
	File() string
}

// Watch applies changes of the file or its secrets until ctx ends. now asks for an immediate
// check, as SIGHUP does. An invalid file is rejected as a whole and reported in readiness; the
// previous accounts stay in force. reroute is called when another list comes into force.
func (s *Set) Watch(ctx context.Context, src Loader, now <-chan os.Signal, reroute func()) {
	var cond *health.Condition
	if s.opts.Conditions != nil {
		cond = s.opts.Conditions.Condition("accounts file")
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-now:
			asked = true
		case <-tick.C:
		}
		changes, err := s.reload(src, reroute)
		switch {
		case err != nil:
			why := "not applied, the previous accounts stay in force: " + strings.ReplaceAll(err.Error(), "\n", "; ")
			cond.Fail(why)
			if asked {
				// An explicit request gets an answer, even if nothing is new.
				s.opts.Log.Warn().Str("file", src.File()).Str("reason", why).Msg("accounts not reloaded")
			}
			continue
		case len(changes) > 0:
			s.opts.Log.Info().Str("file", src.File()).Strs("changes", changes).Msg("accounts reloaded")
		case asked:
			s.opts.Log.Info().Str("file", src.File()).Msg("accounts are as they were")
		}
		cond.OK()
	}
}

// reload returns what has changed.
func (s *Set) reload(src Loader, reroute func()) (changes []string, err error) {
	list, err := src.Load(s.opts.Base)
	if err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if reflect.DeepEqual(list, s.list) {
		return nil, nil
	}
	changes = differences(&s.list, &list)
	return changes, s.apply(list, reroute)
}
